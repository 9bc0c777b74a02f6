"""
The real two ends of the link. The network, Kafka and the outboxes are plain lists, which can lose,
delay and repeat as real ones do.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from itertools import count
from typing import NamedTuple

from common.frames import Envelope
from publisher.link.sequence import Delivery, Position, ReceivingLink
from readers.link.go_back_n import RESEND_AFTER_S, SendingLink
from readers.outbox.incarnations import Incarnations


class StoredBatch(NamedTuple):
    """A batch in an outbox."""

    first_seq: int
    last_seq: int


class Published(NamedTuple):
    """A record in Kafka."""

    session: int
    reader: str
    seq: int


class Acknowledged(NamedTuple):
    """An acknowledgement on its way to a reader."""

    #: The key of the reader in the World.
    to: str
    session: int
    #: The name that it is for.
    name: str
    position: Position


#: Numbers that a reader skips after a reboot of its host: fewer here than in an outbox.
_NUMBERS_SKIPPED = 5


@dataclass
class ModelReader:
    """A reader: its outbox, which survives a kill, and its end of the link, which does not."""

    name: str
    batches: list[StoredBatch] = field(default_factory=list)
    last_seq: int = 0
    acknowledged: int = 0
    #: Numbers of records that were evicted or lost in a crash, and numbers that were skipped.
    evicted: set[int] = field(default_factory=set)
    incarnations: Incarnations = field(default_factory=Incarnations)
    link: SendingLink = field(init=False)

    def __post_init__(self) -> None:
        self.start(0.0)

    def start(self, now: float) -> None:
        """Start again, with the batches in the outbox."""
        self.link = SendingLink(now)
        self.incarnations.begin(self.last_seq + 1, self.acknowledged)

    def append(self, size: int) -> None:
        """Put a batch of *size* records into the outbox."""
        self.batches.append(StoredBatch(self.last_seq + 1, self.last_seq + size))
        self.last_seq += size

    def reboot(self, lost: int, now: float) -> None:
        """Lose the last *lost* batches, as a crash of the host does, and skip numbers."""
        for batch in self.batches[len(self.batches) - lost :]:
            self.evicted.update(range(batch.first_seq, batch.last_seq + 1))
        del self.batches[len(self.batches) - lost :]
        skipped_to = self.last_seq + _NUMBERS_SKIPPED
        self.evicted.update(range(self.last_seq + 1, skipped_to + 1))
        self.last_seq = skipped_to
        self.start(now)

    def evict(self, position: int = 0) -> None:
        """Evict a batch: the oldest, as a full outbox does, or another, as full memory does."""
        batch = self.batches.pop(position)
        self.evicted.update(range(batch.first_seq, batch.last_seq + 1))

    @property
    def last_sent(self) -> int:
        """The last record that was sent or acknowledged."""
        return self.link.last_sent(self.acknowledged)

    def next_message(self, now: float) -> tuple[Envelope, int] | None:
        """Send the next batch, if there is one that may be sent; return envelope and size."""
        following = [batch for batch in self.batches if batch.first_seq > self.last_sent]
        if not following or not self.link.may_send() or self.link.session is None:
            return None
        batch, follows = following[0], self.last_sent
        envelope = Envelope(
            self.name,
            self.link.session,
            batch.first_seq,
            self.batches[0].first_seq,
            self.incarnations.of(batch.first_seq),
            follows,
            self.incarnations.of(follows),
        )
        self.link.on_sent(batch.last_seq, 1, now)
        return envelope, batch.last_seq - batch.first_seq + 1

    def may_have_given(self, position: Position) -> bool:
        """Return whether *position* may be one of this outbox."""
        seq, incarnation = position
        if seq <= self.acknowledged:
            return True
        return seq <= self.last_seq and self.incarnations.may_have_given(seq, incarnation)

    def on_acknowledgement(self, session: int, position: Position, now: float) -> None:
        """Handle an acknowledgement."""
        seq = position.seq
        if self.link.on_acknowledgement(session, seq, now):
            self.acknowledged = max(self.acknowledged, seq)
            self.batches = [batch for batch in self.batches if batch.first_seq > seq]


class World:
    """Two readers, a publisher that delivers at least once, Kafka, and the network between them."""

    def __init__(self) -> None:
        self._sessions = count(1)
        self.now = 0.0
        self.readers = {name: self._new_reader(name) for name in ("ann", "bob")}
        #: From readers to the publisher: messages that were sent and have not arrived.
        self.messages: deque[tuple[Envelope, int]] = deque()
        #: From the publisher to the readers.
        self.acknowledgements: deque[Acknowledged] = deque()
        #: Sent to Kafka and not confirmed, in order.
        self.unconfirmed: list[Delivery] = []
        self.kafka: list[Published] = []
        self.publisher = self._new_publisher()

    def announce(self) -> None:
        """Announce the publisher's session to all readers."""
        for reader in self.readers.values():
            reader.link.on_announcement(self.publisher.session, self.now)

    def reconnect(self, name: str) -> None:
        """Reconnect a reader; messages on the old connection may still arrive."""
        link = self.readers[name].link
        link.on_announcement(self.publisher.session, self.now, reconnected=True)

    def send(self, name: str) -> bool:
        """Have a reader send its next batch; return whether it sent one."""
        message = self.readers[name].next_message(self.now)
        if message:
            self.messages.append(message)
        return message is not None

    def receive(self) -> None:
        """Have the publisher receive the next message."""
        taken = self.publisher.accept(*self.messages.popleft())
        if isinstance(taken, Delivery):
            self._select(taken)
            self.unconfirmed.append(taken)
        self.send_acknowledgements()

    def confirm(self, position: int) -> None:
        """Have Kafka write and confirm one reader's batches, up to the one at *position*."""
        reader = self.unconfirmed[position].reader
        # Kafka keeps the order of one producer in one partition: earlier batches are written first.
        confirmed = [d for d in self.unconfirmed[: position + 1] if d.reader == reader]
        for delivery in confirmed:
            self._write(delivery)
            self.unconfirmed.remove(delivery)
        for delivery in reversed(confirmed):
            delivery.confirm()
        self.send_acknowledgements()

    def send_acknowledgements(self) -> None:
        """Send the publisher's new acknowledgements."""
        for reader, position in self.publisher.take_acknowledgements().items():
            self._send_acknowledgement(reader, position)

    def receive_acknowledgement(self) -> None:
        """Have a reader receive the next acknowledgement."""
        to, session, _, position = self.acknowledgements.popleft()
        reader = self.readers[to]
        assert reader.may_have_given(position), "there are no copies of an outbox here"
        reader.on_acknowledgement(session, position, self.now)

    def restart_publisher(self, written: int) -> None:
        """Kill the publisher when Kafka has written *written* batches without confirming them."""
        for delivery in self.unconfirmed[:written]:
            self._write(delivery)
        self.unconfirmed.clear()
        self.publisher = self._new_publisher()

    def pass_time(self) -> None:
        """Let enough time pass for readers to send again."""
        self.now += RESEND_AFTER_S + 1
        self.announce()
        for reader in self.readers.values():
            reader.link.on_time(self.now)

    def settle(self) -> None:
        """Let everything succeed until the outboxes are empty."""
        for _ in range(20):
            self.pass_time()
            for name in self.readers:
                while self.send(name):
                    pass
            while self.messages:
                self.receive()
            while self.unconfirmed:
                self.confirm(0)
            while self.acknowledgements:
                self.receive_acknowledgement()
            if not any(reader.batches for reader in self.readers.values()):
                return
        raise AssertionError(f"not settled: {self.readers}")

    def published(self, reader: str) -> list[Published]:
        """Return the records of *reader* in Kafka, in order."""
        return [published for published in self.kafka if published.reader == reader]

    def _new_reader(self, name: str) -> ModelReader:
        return ModelReader(name)

    def _new_publisher(self) -> ReceivingLink:
        return ReceivingLink(next(self._sessions))

    def _send_acknowledgement(self, name: str, position: Position) -> None:
        self.acknowledgements.append(Acknowledged(name, self.publisher.session, name, position))

    def _select(self, delivery: Delivery) -> None:
        """Exclude the records that are not to be published: here, none."""

    def _write(self, delivery: Delivery) -> None:
        session = self.publisher.session
        for seq in delivery.seqs:
            self.kafka.append(Published(session, delivery.reader, seq))


class TransactionalWorld(World):
    """
    A World whose publisher delivers exactly once, and evicts readers as soon as it can.

    Unconfirmed batches are in one transaction or in none yet. *kafka* has the committed records.
    """

    def __init__(self) -> None:
        self._checkpoints: dict[str, Position] = {}
        super().__init__()

    def confirm(self, position: int) -> None:
        """Have Kafka commit and confirm the batches up to the one at *position*."""
        committed = self.unconfirmed[: position + 1]
        for delivery in committed:
            self._write(delivery)
        del self.unconfirmed[: position + 1]
        for delivery in committed:
            delivery.confirm()
        self.send_acknowledgements()

    def _new_publisher(self) -> ReceivingLink:
        return ReceivingLink(
            next(self._sessions), checkpoints=dict(self._checkpoints), remembered_readers=0
        )

    def _write(self, delivery: Delivery) -> None:
        super()._write(delivery)
        self._checkpoints[delivery.reader] = delivery.last
