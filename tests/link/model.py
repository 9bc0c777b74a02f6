"""
Both ends of the link as they are, and everything between and behind them as plain lists: the
network, Kafka, and the outboxes, which can lose, delay and repeat what real ones can.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from itertools import count
from typing import NamedTuple

from common.frames import Envelope
from publisher.link.sequence import Delivery, ReceivingLink
from readers.link.go_back_n import RESEND_AFTER_S, SendingLink


class StoredBatch(NamedTuple):
    """A batch in an outbox."""

    first_seq: int
    last_seq: int


class Published(NamedTuple):
    """A record in Kafka."""

    session: int
    reader: str
    seq: int


#: Numbers that a reader skips after a boot of its host: here, just some.
_NUMBERS_SKIPPED = 5


@dataclass
class ModelReader:
    """A reader: its outbox, which outlives it, and its end of the link, which does not."""

    name: str
    batches: list[StoredBatch] = field(default_factory=list)
    last_seq: int = 0
    acknowledged: int = 0
    #: What was thrown away because the outbox was full.
    evicted: set[int] = field(default_factory=set)
    link: SendingLink = field(init=False)

    def __post_init__(self) -> None:
        self.start(0.0)

    def start(self, now: float) -> None:
        """Start anew, with what lies in the outbox."""
        self.link = SendingLink(now)

    def say(self, size: int) -> None:
        """Put a batch of *size* records into the outbox."""
        self.batches.append(StoredBatch(self.last_seq + 1, self.last_seq + size))
        self.last_seq += size

    def reboot(self, forgotten: int, now: float) -> None:
        """Forget the last *forgotten* batches, as a crash of the host does, and skip numbers."""
        for batch in self.batches[len(self.batches) - forgotten :]:
            self.evicted.update(range(batch.first_seq, batch.last_seq + 1))
        del self.batches[len(self.batches) - forgotten :]
        skipped_to = self.last_seq + _NUMBERS_SKIPPED
        self.evicted.update(range(self.last_seq + 1, skipped_to + 1))
        self.last_seq = skipped_to
        self.start(now)

    def evict_oldest(self) -> None:
        """Throw the oldest batch away, as a full outbox does."""
        batch = self.batches.pop(0)
        self.evicted.update(range(batch.first_seq, batch.last_seq + 1))

    @property
    def last_sent(self) -> int:
        """The last record that was sent or acknowledged."""
        return self.link.last_sent(self.acknowledged)

    def next_message(self, now: float) -> tuple[Envelope, int] | None:
        """Send what comes next, if anything may be sent."""
        following = [batch for batch in self.batches if batch.first_seq > self.last_sent]
        if not following or not self.link.may_send() or self.link.session is None:
            return None
        batch = following[0]
        self.link.on_sent(batch.last_seq, 1, now)
        oldest_seq = self.batches[0].first_seq
        envelope = Envelope(self.name, self.link.session, batch.first_seq, oldest_seq)
        return envelope, batch.last_seq - batch.first_seq + 1

    def hear(self, session: int, seq: int, now: float) -> None:
        """Hear an acknowledgement."""
        if self.link.on_acknowledgement(session, seq, self.last_seq, now):
            self.acknowledged = max(self.acknowledged, seq)
            self.batches = [batch for batch in self.batches if batch.first_seq > seq]


class World:
    """Two readers, a publisher that delivers at least once, Kafka, and what lies between them."""

    def __init__(self) -> None:
        self._sessions = count(1)
        self.now = 0.0
        self.readers = {name: self._new_reader(name) for name in ("ann", "bob")}
        #: From readers to the publisher: what was sent and has not arrived.
        self.messages: deque[tuple[Envelope, int]] = deque()
        #: From the publisher to the readers: session, reader, seq.
        self.acknowledgements: deque[tuple[int, str, int]] = deque()
        #: Handed to Kafka and not confirmed, in order.
        self.on_the_way: list[Delivery] = []
        self.kafka: list[Published] = []
        self.publisher = self._new_publisher()

    def announce(self) -> None:
        """Tell all readers the publisher's session."""
        for reader in self.readers.values():
            reader.link.on_announcement(self.publisher.session, self.now)

    def reconnect(self, name: str) -> None:
        """Connect a reader anew; what is on its way over the old connection may still arrive."""
        link = self.readers[name].link
        link.on_announcement(self.publisher.session, self.now, reconnected=True)

    def send(self, name: str) -> bool:
        """Have a reader send its next batch; return whether there was one to send."""
        message = self.readers[name].next_message(self.now)
        if message:
            self.messages.append(message)
        return message is not None

    def receive(self) -> None:
        """Have the publisher take the next message that has arrived."""
        taken = self.publisher.accept(*self.messages.popleft())
        if isinstance(taken, Delivery):
            self._select(taken)
            self.on_the_way.append(taken)
        self.deliver_acknowledgements()

    def confirm(self, position: int) -> None:
        """Have Kafka write and confirm what is on the way of one reader, up to a batch of it."""
        reader = self.on_the_way[position].reader
        # Kafka keeps the order of one producer in one partition: those before it come first.
        confirmed = [d for d in self.on_the_way[: position + 1] if d.reader == reader]
        for delivery in confirmed:
            self._write(delivery)
            self.on_the_way.remove(delivery)
        for delivery in reversed(confirmed):
            delivery.confirm()
        self.deliver_acknowledgements()

    def deliver_acknowledgements(self) -> None:
        """Send what the publisher has to acknowledge on its way."""
        for reader, seq in self.publisher.take_acknowledgements().items():
            self.acknowledgements.append((self.publisher.session, reader, seq))

    def hear(self) -> None:
        """Have a reader hear the next acknowledgement that has arrived."""
        session, name, seq = self.acknowledgements.popleft()
        self.readers[name].hear(session, seq, self.now)

    def restart_publisher(self, written: int) -> None:
        """Kill the publisher when Kafka had written *written* batches without confirming them."""
        for delivery in self.on_the_way[:written]:
            self._write(delivery)
        self.on_the_way.clear()
        self.publisher = self._new_publisher()

    def pass_time(self) -> None:
        """Let a time pass after which readers send again."""
        self.now += RESEND_AFTER_S + 1
        self.announce()
        for reader in self.readers.values():
            reader.link.on_time(self.now)

    def settle(self) -> None:
        """Let everything go well until nothing is left to do."""
        for _ in range(20):
            self.pass_time()
            for name in self.readers:
                while self.send(name):
                    pass
            while self.messages:
                self.receive()
            while self.on_the_way:
                self.confirm(0)
            while self.acknowledgements:
                self.hear()
            if not any(reader.batches for reader in self.readers.values()):
                return
        raise AssertionError(f"not settled: {self.readers}")

    def published(self, reader: str) -> list[Published]:
        """Return what Kafka holds of *reader*, in order."""
        return [published for published in self.kafka if published.reader == reader]

    def _new_reader(self, name: str) -> ModelReader:
        return ModelReader(name)

    def _new_publisher(self) -> ReceivingLink:
        return ReceivingLink(next(self._sessions))

    def _select(self, delivery: Delivery) -> None:
        """Leave out what is not to be published: here, nothing."""

    def _write(self, delivery: Delivery) -> None:
        session = self.publisher.session
        for seq in delivery.seqs:
            self.kafka.append(Published(session, delivery.reader, seq))


class TransactionalWorld(World):
    """
    The same with a publisher that delivers exactly once, and forgets readers as soon as it can.

    What is on the way is in one transaction, or in none yet. What Kafka holds is what is committed.
    """

    def __init__(self) -> None:
        self._checkpoints: dict[str, int] = {}
        super().__init__()

    def confirm(self, position: int) -> None:
        """Have Kafka commit what is on the way, up to a batch of it, and confirm that."""
        committed = self.on_the_way[: position + 1]
        for delivery in committed:
            self._write(delivery)
        del self.on_the_way[: position + 1]
        for delivery in committed:
            delivery.confirm()
        self.deliver_acknowledgements()

    def _new_publisher(self) -> ReceivingLink:
        return ReceivingLink(
            next(self._sessions), checkpoints=dict(self._checkpoints), remembered_readers=0
        )

    def _write(self, delivery: Delivery) -> None:
        super()._write(delivery)
        self._checkpoints[delivery.reader] = delivery.last_seq
