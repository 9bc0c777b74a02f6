"""A publisher that a test acts as, over real ZeroMQ sockets, and a sender that runs towards it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

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
from readers.link.publisher_addresses import PublisherAddress
from readers.link.sender import Sender
from readers.outbox.database import StoredBatch
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
        await until(lambda: bool(self._pub.poll(0)))
        return self._pub.recv()

    async def wait_for_subscriber(self) -> None:
        """Return once a reader has subscribed to all three of its topics."""
        for _ in range(3):
            await self.next_subscription()

    def announce(
        self, session: int = SESSION, *, deduplicates: bool = False, takes_events: bool = True
    ) -> None:
        """Announce *session*."""
        announcement = encode_frame(Announcement(session, deduplicates, takes_events))
        self._pub.send_multipart([ANNOUNCEMENT_TOPIC, announcement])

    def announce_to(self, reader: str, session: int = SESSION) -> None:
        """Announce *session* to one reader, as a publisher does when it subscribes."""
        self.send_frames([announcement_topic(reader), encode_frame(Announcement(session))])

    async def refuse_events(self) -> None:
        """Tell the next reader that subscribes that this publisher takes no events."""
        prefix = announcement_topic("")[:-1]
        while not (topic := (await self.next_subscription())[1:]).startswith(prefix):
            pass
        self.send_frames([topic, encode_frame(Announcement(SESSION, takes_events=False))])

    def acknowledge(
        self,
        reader: str,
        seq: int,
        session: int = SESSION,
        *,
        incarnation: int = 0,
        confirmed: tuple[tuple[int, int], ...] = (),
    ) -> None:
        """
        Acknowledge every record up to *seq*, which *incarnation* gave, 0 if unknown.

        *confirmed* says when Kafka confirmed them.
        """
        body = encode_frame(Acknowledgement(session, seq, incarnation, confirmed))
        self._pub.send_multipart([acknowledgement_topic(reader), body])

    def send_frames(self, frames: list[bytes]) -> None:
        """Send any frames."""
        self._pub.send_multipart(frames)

    async def receive_batch(self) -> tuple[Envelope, bytes]:
        """Return the next batch with its envelope."""
        await until(self.has_received)
        envelope, body = self._pull.recv_multipart()
        return decode_envelope(envelope), body

    async def receive_presence(self) -> Presence:
        """Return the next message, which has to be a presence."""
        await until(self.has_received)
        (frame,) = self._pull.recv_multipart()
        return decode_presence(frame)

    def has_received(self) -> bool:
        """Return whether there is a batch to receive."""
        return bool(self._pull.poll(0))

    def close(self) -> None:
        """Close the sockets."""
        self._context.destroy(linger=0)


@asynccontextmanager
async def running(sender: Sender, *publishers: Publisher) -> AsyncIterator[Sender]:
    """Run *sender* during the block, which begins once it is subscribed to *publishers*."""
    task = asyncio.create_task(sender.run())
    await asyncio.sleep(0)  # cancelled before it has begun, it would leave its sockets open
    for publisher in publishers:
        await publisher.wait_for_subscriber()
    yield sender
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def envelope(
    outbox: Outbox, first_seq: int, *, oldest: int, follows: int = 0, session: int = SESSION
) -> Envelope:
    """Return the envelope of the batch of *outbox* that begins with record *first_seq*."""
    return Envelope(
        outbox.reader,
        session,
        first_seq,
        oldest,
        outbox.numbering.incarnation_of(first_seq),
        follows,
        outbox.numbering.incarnation_of(follows),
    )


def append(outbox: Outbox, *values: bytes, kind: Kind = Kind.CHAT) -> StoredBatch | None:
    """Put a batch with these values into *outbox*; return it as it is stored."""
    return outbox.append(Batch(kind, [Record(b"1", 1, value) for value in values]))


def _bind(socket: zmq.Socket[bytes]) -> str:
    return f"tcp://127.0.0.1:{socket.bind_to_random_port('tcp://127.0.0.1')}"
