"""From the outbox to the publisher, over real ZeroMQ sockets. The test acts as the publisher."""

from __future__ import annotations

import asyncio
import logging
from contextlib import closing
from pathlib import Path

import pytest

from common.frames import (
    ANNOUNCEMENT_TOPIC,
    acknowledgement_topic,
)
from common.status.histogram import Histogram
from common.status.reader_status import ReaderStatus
from readers.link.go_back_n import RESEND_AFTER_S
from readers.link.publisher_addresses import PublisherAddress
from readers.link.sender import Sender
from readers.outbox.outbox import Outbox
from tests.readers.link.acting_publisher import (
    FakeClock,
    Publisher,
    append,
    envelope,
    running,
)
from tests.readers.polling import until


async def test_nothing_is_sent_before_the_publisher_has_announced_its_session(
    sender: Sender, publisher: Publisher, outbox: Outbox
) -> None:
    """The waiting batches are then sent in order."""
    append(outbox, b"a", b"b")
    append(outbox, b"c")
    sender.send()
    publisher.announce()
    first, second = await publisher.receive_batch(), await publisher.receive_batch()
    assert first[0] == envelope(outbox, 1, oldest=1)
    assert second[0] == envelope(outbox, 3, oldest=1, follows=2)
    stored = outbox.batch_after(0)
    assert stored is not None
    assert first[1] == stored.body


async def test_acknowledged_records_are_deleted_from_the_outbox(
    sender: Sender, publisher: Publisher, outbox: Outbox
) -> None:
    """Others stay."""
    append(outbox, b"a", b"b")
    append(outbox, b"c")
    publisher.announce()
    await publisher.receive_batch()
    await publisher.receive_batch()
    publisher.acknowledge(outbox.reader, 2)
    await until(lambda: outbox.acknowledged == 2)
    assert outbox.waiting == 1
    publisher.acknowledge(outbox.reader, 3)
    assert await sender.wait_until_empty(60.0)


async def test_the_delivery_time_ends_when_kafka_has_confirmed(
    publisher: Publisher, tmp_path: Path
) -> None:
    """Not when the acknowledgement is read. An older publisher does not say when that was."""
    status = ReaderStatus()
    with closing(Outbox(tmp_path / "counted.db", "xqc", 10**9, status)) as outbox:
        async with running(Sender(outbox, [publisher.address]), publisher):
            append(outbox, b"a", b"b")
            append(outbox, b"c")
            publisher.announce()
            said_us = 1000
            publisher.acknowledge(outbox.reader, 2, confirmed=((2, said_us + 60_000),))
            await until(lambda: outbox.acknowledged == 2)
            assert status.delay == Histogram([0, 2, *[0] * 11], 0.12)
            publisher.acknowledge(outbox.reader, 3)
            await until(lambda: outbox.acknowledged == 3)
            assert status.delay.counts == [0, 2, *[0] * 10, 1]


@pytest.mark.usefixtures("sender")
async def test_all_unacknowledged_batches_are_sent_to_a_new_session(
    publisher: Publisher, outbox: Outbox
) -> None:
    """The envelope has the new session, and the oldest record that is still held."""
    append(outbox, b"a")
    append(outbox, b"b")
    publisher.announce()
    await publisher.receive_batch()
    await publisher.receive_batch()
    publisher.acknowledge(outbox.reader, 1)
    await until(lambda: outbox.acknowledged == 1)
    publisher.announce_to(outbox.reader, session=5)
    received, _ = await publisher.receive_batch()
    assert received == envelope(outbox, 2, oldest=2, follows=1, session=5)


@pytest.mark.usefixtures("sender")
async def test_an_idle_reader_only_subscribes_to_its_own_announcements(
    publisher: Publisher, outbox: Outbox, clock: FakeClock
) -> None:
    """While it waits long for something, it subscribes to the announcements to all readers too."""
    publisher.announce()
    assert await publisher.next_subscription() == b"\x00" + ANNOUNCEMENT_TOPIC
    publisher.announce_to(outbox.reader, session=5)
    append(outbox, b"a")
    publisher.announce_to("another", session=6)
    publisher.announce_to(outbox.reader, session=7)
    await until(publisher.has_received)
    received, _ = await publisher.receive_batch()
    while received.session != 7:
        received, _ = await publisher.receive_batch()
    clock.now += 1
    assert await publisher.next_subscription() == b"\x01" + ANNOUNCEMENT_TOPIC


@pytest.mark.usefixtures("sender")
async def test_a_batch_that_is_not_acknowledged_in_time_is_sent_again(
    publisher: Publisher, outbox: Outbox, clock: FakeClock
) -> None:
    """After RESEND_AFTER_S, while the publisher announces itself."""
    append(outbox, b"a")
    publisher.announce()
    first = await publisher.receive_batch()
    clock.now += RESEND_AFTER_S + 1

    def is_sent_again() -> bool:
        publisher.announce()  # only now has the reader subscribed to it
        return publisher.has_received()

    await until(is_sent_again)
    assert await publisher.receive_batch() == first


@pytest.mark.usefixtures("sender")
async def test_what_is_in_flight_is_sent_again_after_a_reconnection(
    publisher: Publisher, outbox: Outbox
) -> None:
    """The publisher then announces its session to this reader alone."""
    append(outbox, b"a")
    publisher.announce()
    first = await publisher.receive_batch()
    publisher.announce_to(outbox.reader)
    assert await publisher.receive_batch() == first


@pytest.mark.usefixtures("no_timer", "sender")
async def test_all_that_the_window_has_room_for_is_sent_at_once(
    publisher: Publisher, outbox: Outbox
) -> None:
    """Not one batch each time that the timer runs."""
    for value in (b"a", b"b", b"c"):
        append(outbox, value)
    publisher.announce()
    received = [(await publisher.receive_batch())[0] for _ in range(3)]
    assert [envelope.first_seq for envelope in received] == [1, 2, 3]


@pytest.mark.usefixtures("no_timer")
async def test_acknowledged_records_leave_the_file_at_once(
    sender: Sender, publisher: Publisher, outbox: Outbox
) -> None:
    """And who waits for that goes on at once, not when the timer runs or the time is over."""
    publisher.announce()
    await until(lambda: sender._link.session is not None)
    append(outbox, b"a")
    waiting = asyncio.create_task(sender.wait_until_empty(1000.0))
    await publisher.receive_batch()
    publisher.acknowledge(outbox.reader, 1)
    assert await asyncio.wait_for(waiting, 60)
    assert outbox._database.batch_after(0) is None


async def test_a_batch_that_was_just_put_in_is_sent_after_those_that_wait(
    sender: Sender, publisher: Publisher, outbox: Outbox
) -> None:
    """Although it is at hand, and they have to be read from the outbox."""
    publisher.announce()
    await until(lambda: sender._link.session is not None)
    append(outbox, b"a")
    sender.send(append(outbox, b"b"))
    received = [(await publisher.receive_batch())[0] for _ in range(2)]
    assert [envelope.first_seq for envelope in received] == [1, 2]


async def test_malformed_frames_are_logged_and_dropped(
    sender: Sender, publisher: Publisher, outbox: Outbox, caplog: pytest.LogCaptureFixture
) -> None:
    """The frames after them are handled."""
    topic = acknowledgement_topic(outbox.reader)
    for frames in ([topic], [topic, b""], [topic, b"garbage"], [ANNOUNCEMENT_TOPIC, b"\x09x"]):
        publisher.send_frames(frames)
    append(outbox, b"a")
    publisher.announce()
    await publisher.receive_batch()
    publisher.acknowledge(outbox.reader, 1)
    assert await sender.wait_until_empty(60.0)
    assert "dropped a malformed frame from the publisher: 1 frames where there" in caplog.text


async def test_waiting_for_acknowledgements_has_a_timeout(
    sender: Sender, publisher: Publisher, outbox: Outbox
) -> None:
    """Unacknowledged records stay in the outbox."""
    append(outbox, b"a")
    publisher.announce()
    await publisher.receive_batch()
    assert not await sender.wait_until_empty(0.05)
    assert outbox.waiting == 1


async def test_with_an_empty_outbox_there_is_nothing_to_wait_for(sender: Sender) -> None:
    """Not even without a publisher."""
    assert await sender.wait_until_empty(60.0)


@pytest.mark.usefixtures("sender")
async def test_the_loss_and_the_return_of_a_publisher_are_logged_once_each(
    publisher: Publisher, outbox: Outbox, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    """When it changes, not at every check."""
    caplog.set_level(logging.INFO)
    append(outbox, b"a")
    publisher.announce()
    await until(lambda: "found the publisher" in caplog.text)
    clock.now += 60
    await until(lambda: "no announcement from" in caplog.text)
    publisher.announce_to(outbox.reader)
    await until(lambda: "publisher is back" in caplog.text)
    assert caplog.text.count("no announcement from") == 1
    assert f"no announcement from the publisher at {publisher.address.batches}: " in caplog.text


async def test_a_publisher_that_was_never_there_is_logged(
    publisher: Publisher, outbox: Outbox, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    """As one that was lost, and not before it is late."""
    append(outbox, b"a")
    async with running(Sender(outbox, [publisher.address], clock), publisher) as sender:
        assert "no announcement" not in caplog.text
        clock.now += 60
        sender._on_tick()
        assert "no announcement from" in caplog.text


async def test_a_publisher_whose_name_does_not_resolve_is_named(
    outbox: Outbox, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    """ZeroMQ tries it again without a word. An address has nothing to resolve."""
    append(outbox, b"a")
    nowhere = PublisherAddress("tcp://127.0.0.1:1", "tcp://nowhere.invalid:1")
    async with running(Sender(outbox, [nowhere], clock)) as sender:
        clock.now += 60
        sender._on_tick()
        await until(lambda: "no announcement from" in caplog.text)
    (line,) = caplog.messages
    assert line.startswith(
        "no announcement from the publisher at tcp://127.0.0.1:1: cannot resolve nowhere.invalid: "
    )


async def test_what_has_come_is_handled_although_its_signal_was_read(
    sender: Sender, publisher: Publisher, outbox: Outbox
) -> None:
    """Connecting a socket again reads the signal of its descriptor, which does not come twice."""
    append(outbox, b"a")
    publisher.announce()
    socket = sender._publishers.all[0]._acknowledgements.socket
    assert socket.poll(10_000)  # without the loop, which would see the signal
    sender._on_tick()
    assert (await publisher.receive_batch())[0].first_seq == 1
