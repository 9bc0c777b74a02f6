"""From the outbox to the publisher, over real ZeroMQ sockets. The test acts as the publisher."""

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
    """A clock that the test sets."""

    now = 1000.0

    def __call__(self) -> float:
        """Return the time in seconds."""
        return self.now


class Publisher:
    """Receives batches, and sends the frames that a test wants."""

    def __init__(self) -> None:
        self._context = zmq.Context()
        self._pull = self._context.socket(zmq.PULL)
        self._pub = self._context.socket(zmq.XPUB)
        self.address = PublisherAddress(_bind(self._pull), _bind(self._pub))

    async def next_subscription(self) -> bytes:
        """Return a reader's next subscription: 1 and the topic, or 0 and the topic it left."""
        await _until_readable(self._pub)
        return self._pub.recv()

    async def wait_for_subscriber(self) -> None:
        """Return once a reader has subscribed to all three of its topics."""
        for _ in range(3):
            await self.next_subscription()

    def announce(self, session: int = SESSION, *, deduplicates: bool = False) -> None:
        """Announce *session*."""
        announcement = encode_frame(Announcement(session, deduplicates))
        self._pub.send_multipart([ANNOUNCEMENT_TOPIC, announcement])

    def acknowledge(self, reader: str, seq: int, session: int = SESSION) -> None:
        """Acknowledge every record up to *seq*."""
        body = encode_frame(Acknowledgement(session, seq))
        self._pub.send_multipart([acknowledgement_topic(reader), body])

    def send_frames(self, frames: list[bytes]) -> None:
        """Send any frames."""
        self._pub.send_multipart(frames)

    async def receive_batch(self) -> tuple[Envelope, bytes]:
        """Return the next batch with its envelope."""
        await _until_readable(self._pull)
        envelope, body = self._pull.recv_multipart()
        return decode_envelope(envelope), body

    async def receive_presence(self) -> Presence:
        """Return the next message, which has to be a presence."""
        await _until_readable(self._pull)
        (frame,) = self._pull.recv_multipart()
        return decode_presence(frame)

    def has_received(self) -> bool:
        """Return whether there is a batch to receive."""
        return bool(self._pull.poll(0))

    def close(self) -> None:
        """Close the sockets."""
        self._context.destroy(linger=0)


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    """Return a publisher that has not sent anything yet."""
    with closing(Publisher()) as publisher:
        yield publisher


@pytest.fixture
def clock() -> FakeClock:
    """Return the sender's clock."""
    return FakeClock()


@pytest.fixture
async def sender(publisher: Publisher, outbox: Outbox, clock: FakeClock) -> AsyncIterator[Sender]:
    """Return a running sender, subscribed to the publisher."""
    async with running(Sender(outbox, [publisher.address], clock), publisher) as sender:
        yield sender


@asynccontextmanager
async def running(sender: Sender, *publishers: Publisher) -> AsyncIterator[Sender]:
    """Run *sender* during the block, which begins once it is subscribed to *publishers*."""
    task = asyncio.create_task(sender.run())
    for publisher in publishers:
        await publisher.wait_for_subscriber()
    yield sender
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def append(outbox: Outbox, *values: bytes) -> None:
    """Put a batch with these values into *outbox*."""
    outbox.append(Batch(Kind.CHAT, [Record(b"1", 1, value) for value in values]))


async def test_nothing_is_sent_before_the_publisher_has_announced_its_session(
    sender: Sender, publisher: Publisher, outbox: Outbox
) -> None:
    """The waiting batches are then sent in order."""
    append(outbox, b"a", b"b")
    append(outbox, b"c")
    sender.send()
    publisher.announce()
    first, second = await publisher.receive_batch(), await publisher.receive_batch()
    assert first[0] == Envelope(outbox.reader, SESSION, first_seq=1, oldest_seq=1)
    assert second[0] == Envelope(outbox.reader, SESSION, first_seq=3, oldest_seq=1)
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
    assert await sender.wait_until_empty(10.0)


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
    publisher.announce(session=5)
    envelope, _ = await publisher.receive_batch()
    assert envelope == Envelope(outbox.reader, 5, first_seq=2, oldest_seq=2)


@pytest.mark.usefixtures("sender")
async def test_an_idle_reader_only_subscribes_to_its_own_announcements(
    publisher: Publisher, outbox: Outbox
) -> None:
    """While it waits for something, it subscribes to the announcements to all readers too."""
    publisher.announce()
    assert await publisher.next_subscription() == b"\x00" + ANNOUNCEMENT_TOPIC
    publisher.send_frames([announcement_topic(outbox.reader), encode_frame(Announcement(5))])
    append(outbox, b"a")
    publisher.send_frames([announcement_topic("another"), encode_frame(Announcement(6))])
    publisher.send_frames([announcement_topic(outbox.reader), encode_frame(Announcement(7))])
    await until(publisher.has_received)
    envelope, _ = await publisher.receive_batch()
    while envelope.session != 7:
        envelope, _ = await publisher.receive_batch()
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
    publisher.announce()
    assert await publisher.receive_batch() == first


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
    assert await sender.wait_until_empty(10.0)
    assert "dropped a malformed frame" in caplog.text


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
    assert await sender.wait_until_empty(10.0)


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
    publisher.announce()
    await until(lambda: "publisher is back" in caplog.text)
    assert caplog.text.count("no announcement from") == 1


async def test_presence_is_only_reported_to_a_publisher_that_compares_readers(
    sender: Sender, publisher: Publisher, outbox: Outbox
) -> None:
    """Nothing is sent to a publisher that does not deduplicate."""
    assert not sender.report_presence("71", 1, 2)
    publisher.announce(deduplicates=True)
    await until(lambda: sender.report_presence("71", 3, 4))
    assert await publisher.receive_presence() == Presence(outbox.reader, "71", 3, 4)


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


@pytest.mark.usefixtures("sender_with_two")
async def test_unacknowledged_batches_are_sent_to_the_next_publisher(
    publisher: Publisher, other: Publisher, outbox: Outbox, clock: FakeClock
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
    assert (await other.receive_batch())[0] == Envelope(outbox.reader, 5, first_seq=2, oldest_seq=2)
    other.acknowledge(outbox.reader, 2, session=5)
    await until(lambda: outbox.acknowledged == 2)

    def has_switched_back() -> bool:
        clock.now += 1
        publisher.announce()
        return publisher.has_received()

    append(outbox, b"c")
    await until(has_switched_back)
    assert (await publisher.receive_batch())[0] == Envelope(outbox.reader, SESSION, 3, 3)


@pytest.mark.usefixtures("sender_with_two")
async def test_only_acknowledgements_of_the_current_publisher_count(
    publisher: Publisher, other: Publisher, outbox: Outbox
) -> None:
    """Those of another publisher are ignored, even for the same session."""
    append(outbox, b"a")
    publisher.announce()
    await publisher.receive_batch()
    other.acknowledge(outbox.reader, 1)
    other.announce(session=5)
    publisher.announce(session=7)
    assert (await publisher.receive_batch())[0] == Envelope(outbox.reader, 7, 1, 1)
    assert outbox.waiting == 1


async def _until_readable(socket: zmq.Socket[bytes], timeout_s: float = 10.0) -> None:
    async with asyncio.timeout(timeout_s):
        while not socket.poll(0):  # noqa: ASYNC110 - the sockets are the synchronous ones
            await asyncio.sleep(0.005)


def _bind(socket: zmq.Socket[bytes]) -> str:
    return f"tcp://127.0.0.1:{socket.bind_to_random_port('tcp://127.0.0.1')}"
