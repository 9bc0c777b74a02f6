"""A model of the link in which outboxes are copied: cloned to another host, or restored."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

from common.frames import Envelope
from publisher.link.sequence import Delivery, Position
from tests.link.model import Acknowledged, ModelReader, TransactionalWorld, World

_new_text = count(1)


@dataclass
class CopiedReader(ModelReader):
    """A reader that knows the text of each of its records, and whose outbox can be copied."""

    #: By seq. No two records have the same text, but copies of a record do.
    texts: dict[int, int] = field(default_factory=dict)
    #: The texts that were deleted because they were acknowledged.
    deleted: set[int] = field(default_factory=set)
    #: The texts that this outbox or a copy of it evicted; a gap record covers them.
    evicted_texts: set[int] = field(default_factory=set)

    def append(self, size: int) -> None:
        """Put a batch of *size* new texts into the outbox."""
        for seq in range(self.last_seq + 1, self.last_seq + size + 1):
            self.texts[seq] = next(_new_text)
        super().append(size)

    def held(self) -> set[int]:
        """Return the texts in the outbox."""
        return set(self.texts_of((b.first_seq, b.last_seq) for b in self.batches))

    def texts_of(self, spans: Iterator[tuple[int, int]]) -> Iterator[int]:
        """Yield the texts of the records in *spans*, first and last seqs."""
        return (self.texts[seq] for first, last in spans for seq in range(first, last + 1))

    def on_acknowledgement(self, session: int, position: Position, now: float) -> None:
        """Handle an acknowledgement."""
        before = self.held()
        super().on_acknowledgement(session, position, now)
        self.deleted |= before - self.held()

    def evict(self, position: int = 0) -> None:
        """Evict a batch."""
        before = self.held()
        super().evict(position)
        self.evicted_texts |= before - self.held()

    def file(self) -> CopiedReader:
        """Return a copy of the outbox, as a reader that does not run."""
        file = copy.deepcopy(self)
        file.evicted_texts = self.evicted_texts
        return file


class CopiesWorld(World):
    """A World in which outboxes are copied, with a second publisher to switch to."""

    def __init__(self) -> None:
        self._names = count(1)
        #: The texts of each message that was sent, and of each batch that was accepted.
        self._sent: dict[Envelope, tuple[int, ...]] = {}
        self._accepted: dict[Delivery, tuple[int, ...]] = {}
        self.backups: list[CopiedReader] = []
        self.texts_in_kafka: set[int] = set()
        super().__init__()
        self._other = (self._new_publisher(), list[Delivery]())

    def copied_readers(self) -> list[CopiedReader]:
        """Return all readers."""
        return [reader for reader in self.readers.values() if isinstance(reader, CopiedReader)]

    def back_up(self, name: str) -> None:
        """Copy a reader's outbox, while it runs."""
        reader = self.readers[name]
        assert isinstance(reader, CopiedReader)
        self.backups.append(reader.file())

    def restore(self, name: str, backup: int) -> None:
        """Run a reader with a backup in place of its outbox: its own, or that of another."""
        reader = self.backups[backup].file()
        reader.start(self.now)
        self.readers[name] = reader

    def switch_publishers(self) -> None:
        """Have the readers switch to the other publisher, whose Kafka is stalled meanwhile."""
        current = (self.publisher, self.unconfirmed)
        self.publisher, self.unconfirmed = self._other
        self._other = current
        self.announce()

    def send(self, name: str) -> bool:
        """Have a reader send its next batch; return whether it sent one."""
        before = len(self.messages)
        super().send(name)
        if len(self.messages) == before:
            return False
        envelope, size = self.messages[-1]
        reader = self.readers[name]
        assert isinstance(reader, CopiedReader)
        span = (envelope.first_seq, envelope.first_seq + size - 1)
        texts = tuple(reader.texts_of(iter([span])))
        # A number together with its incarnation identifies a record.
        assert self._sent.setdefault(envelope, texts) == texts
        return True

    def receive(self) -> None:
        """Have the publisher receive the next message."""
        envelope, _ = self.messages[0]
        before = len(self.unconfirmed)
        super().receive()
        for delivery in self.unconfirmed[before:]:
            self._accepted[delivery] = self._sent[envelope]

    def receive_acknowledgement(self) -> None:
        """Have a reader receive the next acknowledgement, and take a new name if it has to."""
        to, session, name, position = self.acknowledgements.popleft()
        reader = self.readers[to]
        if name != reader.name:
            return
        if reader.may_have_given(position):
            reader.on_acknowledgement(session, position, self.now)
        else:
            reader.name = f"renamed {next(self._names)}"
            reader.link.on_switched(None, self.now)

    def _new_reader(self, name: str) -> CopiedReader:
        return CopiedReader(name)

    def _send_acknowledgement(self, name: str, position: Position) -> None:
        for to in self.readers:
            self.acknowledgements.append(Acknowledged(to, self.publisher.session, name, position))

    def _write(self, delivery: Delivery) -> None:
        super()._write(delivery)
        self.texts_in_kafka.update(self._accepted[delivery])


class TransactionalCopiesWorld(CopiesWorld, TransactionalWorld):
    """A CopiesWorld whose publishers deliver exactly once."""
