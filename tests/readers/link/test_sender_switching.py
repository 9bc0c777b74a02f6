"""A sender with two publishers. The test acts as both of them."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from functools import partial

import pytest

from readers.link.failover import SETTLED_AFTER_S, SILENT_FOR_S
from readers.link.go_back_n import AWAY_AFTER_S
from readers.link.sender import Sender
from readers.outbox.outbox import Outbox
from tests.readers.link.acting_publisher import (
    SESSION,
    FakeClock,
    Publisher,
    append,
    envelope,
    running,
)
from tests.readers.polling import until


@pytest.fixture
def other() -> Iterator[Publisher]:
    """Return the second publisher in the order."""
    with closing(Publisher()) as publisher:
        yield publisher


@pytest.fixture
async def sender_with_two(
    publisher: Publisher, other: Publisher, outbox: Outbox, clock: FakeClock
) -> AsyncIterator[Sender]:
    """Return a running sender with two publishers."""
    sender = Sender(outbox, [publisher.address, other.address], clock)
    async with running(sender, publisher, other):
        yield sender


async def test_unacknowledged_batches_are_sent_to_the_next_publisher(
    sender_with_two: Sender,
    publisher: Publisher,
    other: Publisher,
    outbox: Outbox,
    clock: FakeClock,
) -> None:
    """The first publisher receives the batches that follow once it is back."""
    append(outbox, b"a")
    append(outbox, b"b")
    publisher.announce()
    await publisher.receive_batch()
    await publisher.receive_batch()
    publisher.acknowledge(outbox.reader, 1)
    await until(lambda: outbox.acknowledged == 1)

    clock.now += SILENT_FOR_S + 1
    other.announce(session=5)
    received, _ = await other.receive_batch()
    assert received == envelope(outbox, 2, oldest=2, follows=1, session=5)
    other.acknowledge(outbox.reader, 2, session=5)
    await until(lambda: outbox.acknowledged == 2)

    def has_switched_back() -> bool:
        clock.now += 1
        publisher.announce()
        sender_with_two._on_tick()
        return publisher.has_received()

    append(outbox, b"c")
    await until(has_switched_back)
    assert (await publisher.receive_batch())[0] == envelope(outbox, 3, oldest=3, follows=2)


def has_announced(sender: Sender, session: int, *, of: int = 0) -> bool:
    """Return whether *sender* has received this session of the publisher at this index."""
    return sender._publishers.all[of].session == session


async def test_a_publisher_is_left_once_it_has_acknowledged_everything(
    sender_with_two: Sender,
    publisher: Publisher,
    other: Publisher,
    outbox: Outbox,
    clock: FakeClock,
) -> None:
    """Not before: what is in flight would be published twice. Meanwhile nothing more is sent."""
    append(outbox, b"a")
    clock.now += SILENT_FOR_S + 1
    other.announce(session=5)
    await other.receive_batch()
    for second in range(int(SETTLED_AFTER_S) + 2):
        clock.now += 1
        other.announce(session=5)
        publisher.announce(session=100 + second)
        # The next announcement has to arrive a second later.
        await until(partial(has_announced, sender_with_two, 100 + second))
    append(outbox, b"b")
    sender_with_two.send()
    other.acknowledge(outbox.reader, 1, session=5)
    received, _ = await publisher.receive_batch()
    assert received.first_seq == 2
    while other.has_received():  # meanwhile, what was in flight may have been sent again
        assert (await other.receive_batch())[0].first_seq == 1


async def test_only_acknowledgements_of_the_current_publisher_count(
    sender_with_two: Sender, publisher: Publisher, other: Publisher, outbox: Outbox
) -> None:
    """Those of another publisher are ignored, even for the same session."""
    append(outbox, b"a")
    publisher.announce()
    await publisher.receive_batch()
    other.acknowledge(outbox.reader, 1)
    other.announce(session=5)
    await until(partial(has_announced, sender_with_two, 5, of=1))
    publisher.announce(session=7)
    assert (await publisher.receive_batch())[0] == envelope(outbox, 1, oldest=1, session=7)
    assert outbox.waiting == 1


async def test_nothing_is_sent_to_a_publisher_whose_session_is_unknown(
    sender_with_two: Sender, other: Publisher, outbox: Outbox, clock: FakeClock
) -> None:
    """It responds, so the reader switches to it, but it would refuse what has another session."""
    append(outbox, b"a")
    clock.now += SILENT_FOR_S + 1
    other.acknowledge(outbox.reader, 0, session=5)
    await until(lambda: sender_with_two._publishers._failover.current == 1)
    sender_with_two.send()
    other.announce(session=5)
    received, _ = await other.receive_batch()
    assert received.session == 5


async def test_what_was_not_sent_to_a_publisher_never_reaches_it(
    sender_with_two: Sender,
    publisher: Publisher,
    other: Publisher,
    clock: FakeClock,
) -> None:
    """The connection is closed, and with it the queue: the next publisher gets all of it."""
    publisher.announce()
    await until(partial(has_announced, sender_with_two, SESSION))
    clock.now += SILENT_FOR_S + 1
    other.announce(session=5)
    await until(lambda: sender_with_two._publishers._failover.current == 1)
    assert not sender_with_two._publishers.all[0].send(b"batch")


async def test_a_reader_that_waits_for_nothing_returns_to_the_first_publisher(
    sender_with_two: Sender, publisher: Publisher, other: Publisher, clock: FakeClock
) -> None:
    """So it stays subscribed to its announcements."""
    clock.now += SILENT_FOR_S + 1
    other.announce(session=5)
    await until(lambda: sender_with_two._publishers._failover.current == 1)
    sender_with_two._on_tick()

    def has_returned() -> bool:
        clock.now += 1
        publisher.announce()
        other.announce(session=5)
        sender_with_two._on_tick()
        return sender_with_two._publishers._failover.current == 0

    await until(has_returned)


@pytest.mark.usefixtures("no_timer")
async def test_the_publisher_that_was_switched_to_is_watched_too(
    sender_with_two: Sender,
    other: Publisher,
    outbox: Outbox,
    clock: FakeClock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It gets what waits at once, and its silence is logged, as that of the first one was."""
    caplog.set_level(logging.INFO)
    append(outbox, b"a")
    clock.now += SILENT_FOR_S + 1
    sender_with_two._on_tick()
    assert "no announcement from the publisher at" in caplog.text
    other.announce(session=5)
    assert (await other.receive_batch())[0].session == 5
    assert f"found the publisher, session {5:016x}" in caplog.text
    clock.now += AWAY_AFTER_S + 1
    sender_with_two._on_tick()
    assert f"no announcement from the publisher at {other.address.batches}" in caplog.text
