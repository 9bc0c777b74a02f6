"""
The publisher's side of the link as plain rules: which batches it accepts, and what it acknowledges.

No sockets, no clock, no I/O. A ReceivingLink is used for one session. It may begin with
checkpoints: for each reader, the position up to which earlier sessions have published. A reader
with a checkpoint counts as known.

1. A batch of another session is refused.
2. A batch is accepted if it begins with the oldest record that its reader holds, and no record of
   it was accepted before; or if it follows the position that was accepted last. So no
   acknowledgement covers a batch that was lost on the way, and numbers that the reader has skipped
   or evicted are not waited for.
3. Any other batch is refused, and the reader's last acknowledgement is repeated. The reader is
   behind because it did not receive that acknowledgement, or ahead because a batch was lost, or it
   is a copy of the reader whose batches were accepted.
4. Kafka may confirm a reader's batches in any order. The acknowledged position is the last one
   before the reader's first unconfirmed batch.
5. A batch with copies of messages in other batches also waits until those batches are confirmed.
   Until then its reader may hold the only copy on disk.

A position is a number together with the incarnation that gave it. Two copies of an outbox (a
restored backup, a cloned folder) give the same numbers to different records, but never the same
position. Where two copies share a position, they share all records before it. So a batch that
follows a position was numbered by a process that knows all that was accepted (Raft's rule for
appending to a log, https://raft.github.io/raft.pdf, section 5.3), and an acknowledged position
tells each copy whether its own record is meant.
"""

from __future__ import annotations

import enum
import secrets
from collections import deque
from collections.abc import Callable, Sequence
from typing import NamedTuple

from common.frames import Envelope

#: How many readers a session remembers; about a thousand run. A forgotten reader starts again with
#: its oldest record. If its last acknowledgement was lost, that batch is published twice. So the
#: reader that has been silent longest is forgotten first, and never one with unconfirmed batches.
#: With checkpoints, the reader's checkpoint stays (some 200 bytes), and nothing is published twice.
REMEMBERED_READERS = 10_000


class Refusal(enum.Enum):
    """Why a batch is refused."""

    OTHER_SESSION = "another session"
    NOT_NEXT = "out of sequence"


class Position(NamedTuple):
    """A record of a reader: its number, and the incarnation that gave it, 0 if unknown."""

    seq: int
    incarnation: int = 0


#: Seqs begin with 1; 0 means that nothing is known of the reader.
_NOTHING = Position(0)


class Delivery:
    """An accepted batch, until Kafka has confirmed it."""

    __slots__ = (
        "_link",
        "_on_confirmed",
        "_outstanding",
        "_reader",
        "first_seq",
        "is_awaited",
        "is_first",
        "last",
        "seqs",
    )

    def __init__(
        self, link: ReceivingLink, reader: _Reader, first_seq: int, last: Position
    ) -> None:
        self._link = link
        self._reader = reader
        self.first_seq = first_seq
        #: Its last record.
        self.last = last
        #: Numbers of the records that are to be published: all, unless they are selected.
        self.seqs: Sequence[int] = range(first_seq, last.seq + 1)
        #: Whether it is its reader's first batch in this session.
        self.is_first = not reader.taken
        #: Whether its reader waits for the acknowledgement.
        self.is_awaited = False
        #: Confirmations to wait for: the batch's own, and those of batches that it has copies of.
        self._outstanding = 1
        self._on_confirmed: list[Callable[[], None]] = []

    @property
    def reader(self) -> str:
        """Name of the reader that sent the batch."""
        return self._reader.name

    @property
    def count(self) -> int:
        """Number of records in the batch, including those that are not to be published."""
        return self.last.seq - self.first_seq + 1

    @property
    def is_settled(self) -> bool:
        """Whether the batch can be acknowledged once the batches before it are."""
        return not self._outstanding

    def wait_for(self, original: Delivery) -> None:
        """Delay the acknowledgement until *original*, which is unconfirmed, is confirmed too."""
        self._outstanding += 1
        original.when_confirmed(self._settle_one)

    def when_confirmed(self, callback: Callable[[], None]) -> None:
        """Call *callback* once Kafka has confirmed every record of the batch."""
        self._on_confirmed.append(callback)

    def select(self, seqs: Sequence[int]) -> None:
        """Have only the records with these numbers published."""
        self.seqs = seqs

    def confirm(self) -> None:
        """Record that Kafka has confirmed every record of the batch that was to be published."""
        self._settle_one()
        for callback in self._on_confirmed:
            callback()

    def _settle_one(self) -> None:
        self._outstanding -= 1
        self._link._advance(self._reader)


class _Reader:
    __slots__ = ("acknowledged", "last", "name", "taken", "unconfirmed")

    def __init__(self, name: str, checkpoint: Position) -> None:
        self.name = name
        #: The last record that was accepted.
        self.last = checkpoint
        self.acknowledged = checkpoint
        #: Whether a batch from it was accepted in this session.
        self.taken = False
        self.unconfirmed: deque[Delivery] = deque()

    def may_continue_with(self, envelope: Envelope) -> bool:
        """Return whether no record is missing before the batch, and none was accepted before."""
        last = self.last
        if envelope.first_seq == envelope.oldest_seq:
            return envelope.first_seq > last.seq
        if not last.seq:
            return False
        if not envelope.incarnation:  # an older version, which does not say what the batch follows
            return envelope.first_seq == last.seq + 1
        return envelope.follows == last.seq and last.incarnation in {
            0,
            envelope.follows_incarnation,
        }


class ReceivingLink:
    """The readers of one session, and what to acknowledge to them."""

    def __init__(
        self,
        session: int,
        *,
        checkpoints: dict[str, Position] | None = None,
        remembered_readers: int = REMEMBERED_READERS,
    ) -> None:
        """The link keeps and changes *checkpoints*, by reader; None if they are not known."""
        self.session = session
        self._checkpoints = checkpoints
        self._remembered_readers = remembered_readers
        #: By name; the reader that has been silent longest comes first.
        self._readers: dict[str, _Reader] = {}
        self._to_acknowledge: dict[str, Position] = {}
        self._urgent: set[str] = set()

    def accept(self, envelope: Envelope, count: int) -> Delivery | Refusal:
        """
        Accept the batch of *count* records that *envelope* describes, or return why not.

        The caller calls `confirm` on an accepted batch once Kafka has confirmed its records.
        """
        if envelope.session != self.session:
            return Refusal.OTHER_SESSION
        reader = self._readers.pop(envelope.reader, None) or self._new_reader(envelope.reader)
        if not reader.may_continue_with(envelope):
            return self._refuse(reader)
        last = Position(envelope.first_seq + count - 1, envelope.incarnation)
        delivery = Delivery(self, reader, envelope.first_seq, last)
        delivery.is_awaited = envelope.is_awaited
        reader.unconfirmed.append(delivery)
        reader.last = last
        reader.taken = True
        self._remember(reader)
        return delivery

    def take_acknowledgements(self) -> dict[str, Position]:
        """Return the positions to acknowledge, by reader, that are new or to be repeated."""
        taken = self._to_acknowledge
        self._to_acknowledge = {}
        return taken

    def take_urgent(self) -> set[str]:
        """
        Return the readers that need their acknowledgement now.

        Their batches were refused because they are behind or ahead, or they wait for it.
        """
        taken = self._urgent
        self._urgent = set()
        return taken

    def _refuse(self, reader: _Reader) -> Refusal:
        if reader.last.seq:
            self._remember(reader)
        if reader.acknowledged.seq:
            self._to_acknowledge[reader.name] = reader.acknowledged
            self._urgent.add(reader.name)
        return Refusal.NOT_NEXT

    def _advance(self, reader: _Reader) -> None:
        unconfirmed = reader.unconfirmed
        while unconfirmed and unconfirmed[0].is_settled:
            delivery = unconfirmed.popleft()
            reader.acknowledged = delivery.last
            self._to_acknowledge[reader.name] = reader.acknowledged
            if delivery.is_awaited:
                self._urgent.add(reader.name)

    def _new_reader(self, name: str) -> _Reader:
        return _Reader(
            name, self._checkpoints.pop(name, _NOTHING) if self._checkpoints else _NOTHING
        )

    def _remember(self, reader: _Reader) -> None:
        self._readers[reader.name] = reader
        if len(self._readers) > self._remembered_readers:
            self._forget_one()

    def _forget_one(self) -> None:
        for name, reader in self._readers.items():
            if not reader.unconfirmed:
                del self._readers[name]
                if self._checkpoints is not None:
                    self._checkpoints[name] = reader.acknowledged
                return


def new_session() -> int:
    """Return a random number that identifies a session."""
    # 63 bits fit into a 64-bit integer, signed or not.
    return secrets.randbits(63)
