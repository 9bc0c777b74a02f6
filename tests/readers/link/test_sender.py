"""Outbox to publisher, over real ZeroMQ sockets; the test is the publisher."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, suppress

import pytest
import zmq

from common.frames import (
    ANNOUNCEMENT_TOPIC,
    Acknowledgement,
    Announcement,
    Batch,
    Envelope,
    Kind,
    Presence,
    Record,
    acknowledgement_topic,
    announcement_topic,
    decode_envelope,
    decode_presence,
    encode_frame,
)
from readers.link.failover import SILENT_FOR_S
from readers.link.go_back_n import RESEND_AFTER_S
from readers.link.publisher_addresses import PublisherAddress
from readers.link.sender import Sender
from readers.outbox.outbox import Outbox
from tests.readers.polling import until

SESSION = 2**64 - 1


class FakeClock:
    """A clock that stands still until it is moved."""

    now = 1000.0

    def __call__(self) -> float:
        """Return the time in seconds."""
        return self.now


class Publisher:
    """Takes batches and says what it is told to say."""

    def __init__(self) -> None:
        self._context = zmq.Context()
        self._pull = self._context.socket(zmq.PULL)
        self._pub = self._context.socket(zmq.XPUB)
        self.address = PublisherAddress(_bind(self._pull), _bind(self._pub))

    async def next_subscription(self) -> bytes:
        """Return what a reader subscribes to next, after a 1, or no longer, after a 0."""
        await _until_readable(self._pub)
        return self._pub.recv()

    async def wait_for_subscriber(self) -> None:
        """Return once a reader has subscribed to all of its topics."""
        for _ in range(3):
            await self.next_subscription()

    def announce(self, session: int = SESSION, *, deduplicates: bool = False) -> None:
        """Say that this session is there."""
        announcement = encode_frame(Announcement(session, deduplicates))
        self._pub.send_multipart([ANNOUNCEMENT_TOPIC, announcement])

    def acknowledge(self, reader: str, seq: int, session: int = SESSION) -> None:
        """Say that Kafka has everything up to *seq*."""
        body = encode_frame(Acknowledgement(session, seq))
        self._pub.send_multipart([acknowledgement_topic(reader), body])

    def say(self, frames: list[bytes]) -> None:
        """Say anything."""
        self._pub.send_multipart(frames)

    async def take(self) -> tuple[Envelope, bytes]:
        """Return the next batch with its envelope."""
        await _until_readable(self._pull)
        envelope, body = self._pull.recv_multipart()
        return decode_envelope(envelope), body

    async def take_presence(self) -> Presence:
        """Return the next message, which tells when a reader was in its channel."""
        await _until_readable(self._pull)
        (frame,) = self._pull.recv_multipart()
        return decode_presence(frame)

    def has_come(self) -> bool:
        """Return whether there is a batch to take."""
        return bool(self._pull.poll(0))

    def close(self) -> None:
        """Close the sockets."""
        self._context.destroy(linger=0)


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    """Return a publisher that has not said anything yet."""
    with closing(Publisher()) as publisher:
        yield publisher


@pytest.fixture
def clock() -> FakeClock:
    """Return the sender's clock."""
    return FakeClock()


@pytest.fixture
async def sender(publisher: Publisher, outbox: Outbox, clock: FakeClock) -> AsyncIterator[Sender]:
    """Return a running sender, subscribed at the publisher."""
    async with running(Sender(outbox, [publisher.address], clock), publisher) as sender:
        yield sender


@asynccontextmanager
async def running(sender: Sender, *publishers: Publisher) -> AsyncIterator[Sender]:
    """Run *sender* while the block does, which begins once it is subscribed at *publishers*."""
    task = asyncio.create_task(sender.run())
    for publisher in publishers:
        await publisher.wait_for_subscriber()
    yield sender
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def append(outbox: Outbox, *values: bytes) -> None:
    """Put a batch of these values into *outbox*."""
    outbox.append(Batch(Kind.CHAT, [Record(b"1", 1, value) for value in values]))


async def test_nothing_is_sent_before_the_publisher_has_said_its_session(
    sender: Sender, publisher: Publisher, outbox: Outbox
) -> None:
    """What waits goes out, in order, once it has."""
    append(outbox, b"a", b"b")
    append(outbox, b"c")
    sender.send()
    publisher.announce()
    first, second = await publisher.take(), await publisher.take()
    assert first[0] == Envelope(outbox.reader, SESSION, first_seq=1, oldest_seq=1)
    assert second[0] == Envelope(outbox.reader, SESSION, first_seq=3, oldest_seq=1)
    stored = outbox.batch_after(0)
    assert stored is not None
    assert first[1] == stored.body


async def test_what_is_acknowledged_leaves_the_outbox(
    sender: Sender, publisher: Publisher, outbox: Outbox
) -> None:
    """And only that."""
    append(outbox, b"a", b"b")
    append(outbox, b"c")
    publisher.announce()
    await publisher.take()
    await publisher.take()
    publisher.acknowledge(outbox.reader, 2)
    await until(lambda: outbox.acknowledged == 2)
    assert outbox.waiting == 1
    publisher.acknowledge(outbox.reader, 3)
    assert await sender.wait_until_empty(10.0)


@pytest.mark.usefixtures("sender")
async def test_a_new_session_gets_everything_that_is_not_acknowledged(
    publisher: Publisher, outbox: Outbox
) -> None:
    """In the new session's name, with the oldest record that is still held."""
    append(outbox, b"a")
    append(outbox, b"b")
    publisher.announce()
    await publisher.take()
    await publisher.take()
    publisher.acknowledge(outbox.reader, 1)
    await until(lambda: outbox.acknowledged == 1)
    publisher.announce(session=5)
    envelope, _ = await publisher.take()
    assert envelope == Envelope(outbox.reader, 5, first_seq=2, oldest_seq=2)


@pytest.mark.usefixtures("sender")
async def test_a_reader_that_waits_for_nothing_listens_to_nothing_but_its_own(
    publisher: Publisher, outbox: Outbox
) -> None:
    """A new session is told to it alone; to all it listens while it waits for something."""
    publisher.announce()
    assert await publisher.next_subscription() == b"\x00" + ANNOUNCEMENT_TOPIC
    publisher.say([announcement_topic(outbox.reader), encode_frame(Announcement(5))])
    append(outbox, b"a")
    publisher.say([announcement_topic("another"), encode_frame(Announcement(6))])
    publisher.say([announcement_topic(outbox.reader), encode_frame(Announcement(7))])
    await until(publisher.has_come)
    envelope, _ = await publisher.take()
    while envelope.session != 7:
        envelope, _ = await publisher.take()
    assert await publisher.next_subscription() == b"\x01" + ANNOUNCEMENT_TOPIC


@pytest.mark.usefixtures("sender")
async def test_what_is_not_acknowledged_for_too_long_is_sent_again(
    publisher: Publisher, outbox: Outbox, clock: FakeClock
) -> None:
    """By the clock, while the publisher announces itself."""
    append(outbox, b"a")
    publisher.announce()
    first = await publisher.take()
    clock.now += RESEND_AFTER_S + 1
    publisher.announce()
    assert await publisher.take() == first


async def test_frames_that_make_no_sense_are_logged_and_harmless(
    sender: Sender, publisher: Publisher, outbox: Outbox, caplog: pytest.LogCaptureFixture
) -> None:
    """What comes after them is heard."""
    topic = acknowledgement_topic(outbox.reader)
    for frames in ([topic], [topic, b""], [topic, b"garbage"], [ANNOUNCEMENT_TOPIC, b"\x09x"]):
        publisher.say(frames)
    append(outbox, b"a")
    publisher.announce()
    await publisher.take()
    publisher.acknowledge(outbox.reader, 1)
    assert await sender.wait_until_empty(10.0)
    assert "dropped a malformed frame" in caplog.text


async def test_waiting_for_acknowledgements_is_bounded(
    sender: Sender, publisher: Publisher, outbox: Outbox
) -> None:
    """What is not acknowledged stays in the outbox."""
    append(outbox, b"a")
    publisher.announce()
    await publisher.take()
    assert not await sender.wait_until_empty(0.05)
    assert outbox.waiting == 1


async def test_an_empty_outbox_is_not_waited_for(sender: Sender) -> None:
    """Not even when there is no publisher."""
    assert await sender.wait_until_empty(10.0)


@pytest.mark.usefixtures("sender")
async def test_a_publisher_that_goes_and_comes_back_is_said_once_each(
    publisher: Publisher, outbox: Outbox, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    """At the change, not at every look."""
    caplog.set_level(logging.INFO)
    append(outbox, b"a")
    publisher.announce()
    await until(lambda: "found the publisher" in caplog.text)
    clock.now += 60
    await until(lambda: "no announcement from" in caplog.text)
    publisher.announce()
    await until(lambda: "publisher is back" in caplog.text)
    assert caplog.text.count("no announcement from") == 1


async def test_a_publisher_that_compares_readers_is_told_when_we_were_there(
    sender: Sender, publisher: Publisher, outbox: Outbox
) -> None:
    """One that does not is told nothing."""
    assert not sender.report_presence("71", 1, 2)
    publisher.announce(deduplicates=True)
    await until(lambda: sender.report_presence("71", 3, 4))
    assert await publisher.take_presence() == Presence(outbox.reader, "71", 3, 4)


@pytest.fixture
def other() -> Iterator[Publisher]:
    """Return the publisher that is the second in the order."""
    with closing(Publisher()) as publisher:
        yield publisher


@pytest.fixture
async def choosy_sender(
    publisher: Publisher, other: Publisher, outbox: Outbox, clock: FakeClock
) -> AsyncIterator[Sender]:
    """Return a running sender that knows two publishers."""
    sender = Sender(outbox, [publisher.address, other.address], clock)
    async with running(sender, publisher, other):
        yield sender


@pytest.mark.usefixtures("choosy_sender")
async def test_the_next_publisher_gets_what_a_silent_one_has_not_acknowledged(
    publisher: Publisher, other: Publisher, outbox: Outbox, clock: FakeClock
) -> None:
    """And the first one again what comes once it is back."""
    append(outbox, b"a")
    append(outbox, b"b")
    publisher.announce()
    await publisher.take()
    await publisher.take()
    publisher.acknowledge(outbox.reader, 1)
    await until(lambda: outbox.acknowledged == 1)

    clock.now += SILENT_FOR_S + 1
    other.announce(session=5)
    assert (await other.take())[0] == Envelope(outbox.reader, 5, first_seq=2, oldest_seq=2)
    other.acknowledge(outbox.reader, 2, session=5)
    await until(lambda: outbox.acknowledged == 2)

    def is_returned_to() -> bool:
        clock.now += 1
        publisher.announce()
        return publisher.has_come()

    append(outbox, b"c")
    await until(is_returned_to)
    assert (await publisher.take())[0] == Envelope(outbox.reader, SESSION, 3, 3)


@pytest.mark.usefixtures("choosy_sender")
async def test_only_the_publisher_that_is_sent_to_is_believed(
    publisher: Publisher, other: Publisher, outbox: Outbox
) -> None:
    """Whatever another one says of the same session."""
    append(outbox, b"a")
    publisher.announce()
    await publisher.take()
    other.acknowledge(outbox.reader, 1)
    other.announce(session=5)
    publisher.announce(session=7)
    assert (await publisher.take())[0] == Envelope(outbox.reader, 7, 1, 1)
    assert outbox.waiting == 1


async def _until_readable(socket: zmq.Socket[bytes], timeout_s: float = 10.0) -> None:
    async with asyncio.timeout(timeout_s):
        while not socket.poll(0):  # noqa: ASYNC110 - the sockets are the synchronous ones
            await asyncio.sleep(0.005)


def _bind(socket: zmq.Socket[bytes]) -> str:
    return f"tcp://127.0.0.1:{socket.bind_to_random_port('tcp://127.0.0.1')}"
