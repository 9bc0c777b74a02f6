"""When acknowledgements are read: by the tick, and at once only where something waits for them."""

from __future__ import annotations

import asyncio
from contextlib import closing
from pathlib import Path

import pytest

from readers.link import go_back_n
from readers.link.go_back_n import AWAY_AFTER_S
from readers.link.sender import Sender
from readers.outbox.outbox import Outbox
from tests.readers.link.acting_publisher import FakeClock, Publisher, append, envelope, running
from tests.readers.polling import until

pytestmark = pytest.mark.usefixtures("no_timer")


async def has_session(sender: Sender, publisher: Publisher) -> None:
    """Announce the session, and wait until *sender* has it."""
    publisher.announce()
    await until(lambda: sender.session is not None)


async def until_arrived(sender: Sender) -> None:
    """Wait until something from the publisher waits for *sender* to read it."""
    socket = sender._publishers.all[0]._acknowledgements.socket
    await until(lambda: bool(socket.poll(0)))


async def is_away(sender: Sender, publisher: Publisher, outbox: Outbox, clock: FakeClock) -> None:
    """Have *sender* send record 1, and then find *publisher* away."""
    await has_session(sender, publisher)
    sender.send(append(outbox, b"a"))
    await publisher.receive_batch()
    clock.now += AWAY_AFTER_S + 1
    sender._on_tick()


async def test_a_lone_message_is_acknowledged_by_the_tick(
    publisher: Publisher, outbox: Outbox, clock: FakeClock
) -> None:
    """What follows it sees the message as acknowledged, and no other tick comes."""
    waiting: list[int] = []
    sender = Sender(
        outbox, [publisher.address], clock, after_tick=lambda: waiting.append(outbox.waiting)
    )
    async with running(sender, publisher):
        await has_session(sender, publisher)
        sender._on_tick()
        sender.send(append(outbox, b"a"))
        await publisher.receive_batch()
        publisher.acknowledge(outbox.reader, 1)
        await until_arrived(sender)
        assert outbox.waiting == 1
        assert sender.is_ticking
        sender._on_tick()
        assert waiting[-1] == 0
        assert outbox._database.batch_after(0) is None
        assert not sender.is_ticking


async def test_a_reader_that_does_not_tick_reads_at_once(
    sender: Sender, publisher: Publisher, outbox: Outbox
) -> None:
    """So it knows another session before it has something to send."""
    await has_session(sender, publisher)
    sender.send(append(outbox, b"a"))
    await publisher.receive_batch()
    publisher.acknowledge(outbox.reader, 1)
    await until_arrived(sender)
    sender._on_tick()
    publisher.announce_to(outbox.reader, session=5)
    await until(lambda: sender.session == 5)


async def test_what_has_come_is_read_before_anything_is_sent_again(
    sender: Sender, publisher: Publisher, outbox: Outbox
) -> None:
    """Otherwise a publisher that was restarted would publish a second of chat twice."""
    await has_session(sender, publisher)
    sender.send(append(outbox, b"a"))
    sender.send(append(outbox, b"b"))
    sender.send(append(outbox, b"c"))
    for _ in range(3):
        await publisher.receive_batch()
    for seq in (1, 2):
        publisher.acknowledge(outbox.reader, seq)
    publisher.announce_to(outbox.reader, session=5)

    def has_read_all() -> bool:
        sender._on_tick()
        return sender.session == 5

    await until(has_read_all)
    received, _ = await publisher.receive_batch()
    assert received == envelope(outbox, 3, oldest=3, follows=2, session=5)


async def test_what_is_acknowledged_is_not_evicted(
    tmp_path: Path, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Although the sender has not read it yet."""
    monkeypatch.setattr(go_back_n, "MUCH_BYTES", go_back_n.WINDOW_BYTES)
    with closing(Outbox(tmp_path / "small.db", "xqc", max_bytes=200_000)) as outbox:
        async with running(sender := Sender(outbox, [publisher.address]), publisher):
            await has_session(sender, publisher)
            for _ in range(30):
                sender.send(append(outbox, bytes(20_000)))
                received, _ = await publisher.receive_batch()
                publisher.acknowledge(outbox.reader, received.first_seq)
                await until_arrived(sender)
        assert outbox.evicted == 0
        assert outbox.last_seq == 30


async def test_in_a_flood_acknowledgements_are_read_before_the_window_is_full(
    sender: Sender, publisher: Publisher, outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And what they acknowledge leaves the file."""
    monkeypatch.setattr(go_back_n, "MUCH_BATCHES", 2)
    await has_session(sender, publisher)
    for _ in range(2):
        sender.send(append(outbox, b"a"))
        await publisher.receive_batch()
    publisher.acknowledge(outbox.reader, 2)
    await until_arrived(sender)
    assert outbox.acknowledged == 0
    sender.send(append(outbox, b"a"))
    assert outbox.acknowledged == 2
    stored = outbox._database.batch_after(0)
    assert stored is not None
    assert stored.first_seq == 3


async def test_with_a_full_window_acknowledgements_are_read_at_once(
    sender: Sender, publisher: Publisher, outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And what waits for room is sent."""
    monkeypatch.setattr(go_back_n, "WINDOW_BATCHES", 2)
    await has_session(sender, publisher)
    for _ in range(3):
        sender.send(append(outbox, b"a"))
    for _ in range(2):
        await publisher.receive_batch()
    publisher.acknowledge(outbox.reader, 1)
    assert (await publisher.receive_batch())[0].first_seq == 3


async def test_a_publisher_that_was_away_is_sent_to_at_once_when_it_is_back(
    sender: Sender, publisher: Publisher, outbox: Outbox, clock: FakeClock
) -> None:
    """Not at the next tick."""
    await is_away(sender, publisher, outbox, clock)
    publisher.announce_to(outbox.reader, session=5)
    assert (await publisher.receive_batch())[0].session == 5


async def test_a_publisher_that_acknowledges_is_not_away(
    sender: Sender, publisher: Publisher, outbox: Outbox, clock: FakeClock
) -> None:
    """Else the reader would read each acknowledgement at once from then on."""
    await is_away(sender, publisher, outbox, clock)
    publisher.acknowledge(outbox.reader, 1)
    await until(lambda: outbox.acknowledged == 1)
    sender.send(append(outbox, b"b"))
    await publisher.receive_batch()
    publisher.acknowledge(outbox.reader, 2)
    await until_arrived(sender)
    assert sender.is_ticking
    assert outbox.acknowledged == 1


async def test_the_publisher_is_told_which_acknowledgement_is_waited_for(
    sender: Sender, publisher: Publisher, outbox: Outbox
) -> None:
    """The last one, of those who wait until the outbox is empty."""
    await has_session(sender, publisher)
    sender.send(append(outbox, b"a"))
    append(outbox, b"b")
    append(outbox, b"c")
    waiting = asyncio.create_task(sender.wait_until_empty(60.0))
    received = [(await publisher.receive_batch())[0] for _ in range(3)]
    assert [each.is_awaited for each in received] == [False, False, True]
    publisher.acknowledge(outbox.reader, 3)
    assert await waiting
    sender.send(append(outbox, b"d"))
    assert not (await publisher.receive_batch())[0].is_awaited
