"""A publisher under test, and a minimal reader's end of the link."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import zmq

from common.curve import ReaderKeys, secure_client
from common.frames import (
    ANNOUNCEMENT_TOPIC,
    Acknowledgement,
    Batch,
    Envelope,
    Kind,
    Record,
    acknowledgement_topic,
    announcement_topic,
    decode_acknowledgement,
    decode_announcement,
    encode_frame,
)
from common.unix_time import unix_ms
from tests.processes import Process, StartProcess, python_module, wait_for_line

READER = "xqc/0123456789abcdef"
KEY = b"71092938"

_TIMEOUT_S = 60


@dataclass(frozen=True)
class Publisher:
    """A running publisher, and its addresses."""

    process: Process
    batches: str
    acknowledgements: str


def start_publisher(
    processes: StartProcess, brokers: str, topic: str, settings: Mapping[str, str] | None = None
) -> Publisher:
    """
    Start a publisher on ports that the system chooses, and wait until it listens.

    Its topics are *topic*, with `-events`, `-gaps` and `-dead` for the others.
    """
    process = processes(
        python_module("publisher"),
        {
            "KAFKA_BROKERS": brokers,
            "KAFKA_TOPIC_CHAT_MESSAGES": topic,
            "KAFKA_TOPIC_CHAT_EVENTS": f"{topic}-events",
            "KAFKA_TOPIC_CHAT_GAPS": f"{topic}-gaps",
            "KAFKA_TOPIC_DEAD_LETTERS": f"{topic}-dead",
            "KAFKA_TOPIC_PARTITIONS": "2",
            "PUBLISHER_BIND": "tcp://127.0.0.1:0",
            "PUBLISHER_ACK_BIND": "tcp://127.0.0.1:0",
            **(settings or {}),
        },
    )
    line = wait_for_line(
        process, r"receives batches at (tcp://\S+), acknowledges at (tcp://\S+);", _TIMEOUT_S
    )
    return Publisher(process, line[1], line[2])


def chat(first: int, count: int) -> Batch:
    """Return a batch of chat records whose values and timestamps are numbered from *first*."""
    records = [
        Record(KEY, unix_ms() + number, b'{"message": "%d"}' % number)
        for number in range(first, first + count)
    ]
    return Batch(Kind.CHAT, records)


def events(*ids: str) -> Batch:
    """Return a batch of events with these *ids*, whose types are the ids too."""
    records = [
        Record(KEY, unix_ms(), b'{"type": "%s"}' % one.encode(), one.encode()) for one in ids
    ]
    return Batch(Kind.EVENT, records)


class Reader:
    """Sends given frames, and receives the publisher's announcements and acknowledgements."""

    def __init__(
        self,
        context: zmq.Context[zmq.Socket[bytes]],
        publisher: Publisher,
        name: str,
        keys: ReaderKeys | None = None,
    ) -> None:
        """Connect to *publisher*, encrypted if there are *keys*."""
        self.name = name
        self._push = context.socket(zmq.PUSH)
        self._sub = context.socket(zmq.SUB)
        if keys is not None:
            secure_client(self._push, keys)
            secure_client(self._sub, keys)
        self._push.connect(publisher.batches)
        self._sub.subscribe(ANNOUNCEMENT_TOPIC)
        self._sub.subscribe(acknowledgement_topic(name))
        self._sub.subscribe(announcement_topic(name))
        self._sub.connect(publisher.acknowledgements)
        self.session = 0
        self.deduplicates = self.takes_events = False
        #: The acknowledged seqs, in the order in which they were received.
        self.acknowledged: list[int] = []
        #: The same, whole.
        self.acknowledgements: list[Acknowledgement] = []

    def wait_for_session(self, timeout_s: float = _TIMEOUT_S, *, other_than: int = 0) -> int:
        """Return the session that the publisher announces next."""
        deadline = time.monotonic() + timeout_s
        self.session = other_than
        while self.session == other_than:
            self._receive(deadline, "announcement")
        return self.session

    def wait_for_acknowledgement(self, seq: int, timeout_s: float = _TIMEOUT_S) -> None:
        """Wait until *seq*, or a later one, is acknowledged in the current session."""
        deadline = time.monotonic() + timeout_s
        while not self.acknowledged or self.acknowledged[-1] < seq:
            self._receive(deadline, f"acknowledgement of {seq}")

    def wait_for_one_more_acknowledgement(self, timeout_s: float = _TIMEOUT_S) -> int:
        """Return the next acknowledgement that arrives."""
        deadline = time.monotonic() + timeout_s
        before = len(self.acknowledged)
        while len(self.acknowledged) == before:
            self._receive(deadline, "one more acknowledgement")
        return self.acknowledged[-1]

    def wait_for_anything(self, timeout_s: float) -> None:
        """Wait until something has arrived, but at most *timeout_s*."""
        self._sub.poll(int(timeout_s * 1000))

    def receive_acknowledgements(self) -> list[Acknowledgement]:
        """Return the acknowledgements that have arrived; process announcements, too."""
        before = len(self.acknowledgements)
        while self._sub.poll(0):
            self._receive(time.monotonic() + _TIMEOUT_S, "complete message")
        return self.acknowledgements[before:]

    def wait_for_silence(self, seconds: float, *, timeout_s: float) -> None:
        """Wait until nothing has arrived for *seconds*. Raises TimeoutError after *timeout_s*."""
        deadline = time.monotonic() + timeout_s
        while self._sub.poll(int(seconds * 1000)):
            self._sub.recv_multipart()
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.name} still receives something after {timeout_s} s")

    def send(
        self,
        batch: Batch,
        first_seq: int,
        *,
        oldest: int = 1,
        session: int = 0,
        is_awaited: bool = False,
    ) -> None:
        """Send a batch in the current session, or in *session*."""
        envelope = Envelope(
            self.name, session or self.session, first_seq, oldest, is_awaited=is_awaited
        )
        self.send_frames([encode_frame(envelope), encode_frame(batch)])

    def send_frames(self, frames: Sequence[bytes]) -> None:
        """Send *frames* as one message."""
        self._push.send_multipart(frames)

    def _receive(self, deadline: float, what: str) -> None:
        if not self._sub.poll(max(0, int((deadline - time.monotonic()) * 1000))):
            raise TimeoutError(f"{self.name} received no {what}; so far {self.acknowledged}")
        topic, frame = self._sub.recv_multipart()
        if topic in {ANNOUNCEMENT_TOPIC, announcement_topic(self.name)}:
            announcement = decode_announcement(frame)
            self.session, self.deduplicates = announcement.session, announcement.deduplicates
            self.takes_events = announcement.takes_events
            return
        acknowledgement = decode_acknowledgement(frame)
        if acknowledgement.session == self.session:
            self.acknowledged.append(acknowledgement.seq)
            self.acknowledgements.append(acknowledgement)


@contextmanager
def connected_readers(publisher: Publisher, *names: str) -> Iterator[list[Reader]]:
    """Yield readers that know the publisher's session."""
    context = zmq.Context()
    try:
        readers = [Reader(context, publisher, name) for name in names]
        for reader in readers:
            reader.wait_for_session()
        yield readers
    finally:
        context.destroy(linger=0)


@contextmanager
def connected_reader(publisher: Publisher, name: str = READER) -> Iterator[Reader]:
    """Yield a reader that knows the publisher's session."""
    with connected_readers(publisher, name) as (reader,):
        yield reader
