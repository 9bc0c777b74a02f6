"""
The publisher's side of the link as plain rules: which batches it takes, and what it acknowledges.

No sockets, no clock, no I/O. A ReceivingLink lives for one session. It may begin with checkpoints:
what earlier sessions are known to have published, by reader. Such a reader is one that is known.

1. A batch of another session is refused.
2. Of a reader that is new to the session, the batch that begins with its oldest record is taken;
   of one that is known, the next one. Where records before the oldest were given up by the reader,
   the oldest is the next. So nothing that got lost on the way is ever acknowledged over.
3. Any other batch is refused, and the reader's last acknowledgement is repeated: the reader is
   behind, because it has not heard it, or ahead, because a batch before this one got lost.
4. A reader's batches may be confirmed in any order; acknowledged is the end of the longest run of
   confirmed ones.
5. A batch that has copies of what other batches carry also waits until those are confirmed: until
   then its reader may hold the only copy that lasts.
"""

from __future__ import annotations

import enum
import secrets
from collections import deque
from collections.abc import Callable, Sequence

from common.frames import Envelope

#: How many readers a session remembers; a thousand run, the others came and went. A reader that is
#: forgotten starts over with its oldest record, so if the last thing said to it was an
#: acknowledgement that got lost, that one batch is published twice. Hence those heard of longest
#: ago go first, and none with batches on the way. Where there are marks, the mark stays, some 200
#: bytes, and nothing is published twice.
REMEMBERED_READERS = 10_000


class Refusal(enum.Enum):
    """Why a batch is not taken."""

    OTHER_SESSION = "another session's"
    NOT_NEXT = "not the next"


class Delivery:
    """A batch that was taken, until Kafka has confirmed it."""

    __slots__ = (
        "_link",
        "_on_confirmed",
        "_owed",
        "_reader",
        "first_seq",
        "is_first",
        "last_seq",
        "seqs",
    )

    def __init__(self, link: ReceivingLink, reader: _Reader, first_seq: int, last_seq: int) -> None:
        self._link = link
        self._reader = reader
        self.first_seq = first_seq
        self.last_seq = last_seq
        #: Numbers of the records that are to be published: all, unless they are selected.
        self.seqs: Sequence[int] = range(first_seq, last_seq + 1)
        #: Whether it is the first of its reader in this session.
        self.is_first = not reader.taken
        #: Confirmations that the batch waits for: its own, and those of what it has copies of.
        self._owed = 1
        self._on_confirmed: list[Callable[[], None]] = []

    @property
    def reader(self) -> str:
        """The reader that the batch is from."""
        return self._reader.name

    @property
    def count(self) -> int:
        """How many records the batch has, those included that are not to be published."""
        return self.last_seq - self.first_seq + 1

    @property
    def is_settled(self) -> bool:
        """Whether the batch can be acknowledged once those before it are."""
        return not self._owed

    def wait_for(self, original: Delivery) -> None:
        """Have it acknowledged only when *original*, which is not confirmed yet, is so too."""
        self._owed += 1
        original.when_confirmed(self._settle_one)

    def when_confirmed(self, tell: Callable[[], None]) -> None:
        """Have *tell* called once Kafka has confirmed every record of the batch."""
        self._on_confirmed.append(tell)

    def select(self, seqs: Sequence[int]) -> None:
        """Have only the records with these numbers published."""
        self.seqs = seqs

    def confirm(self) -> None:
        """Note that Kafka has confirmed every record of the batch that was to be published."""
        self._settle_one()
        for tell in self._on_confirmed:
            tell()

    def _settle_one(self) -> None:
        self._owed -= 1
        self._link._advance(self._reader)


class _Reader:
    __slots__ = ("acknowledged", "name", "next_seq", "taken", "unconfirmed")

    def __init__(self, name: str, mark: int) -> None:
        self.name = name
        #: Numbers begin with 1, so 0 is a reader that nothing is known of.
        self.next_seq = mark + 1 if mark else 0
        self.acknowledged = mark
        #: Whether anything was taken from it in this session.
        self.taken = False
        self.unconfirmed: deque[Delivery] = deque()


class ReceivingLink:
    """What one session knows of its readers."""

    def __init__(
        self,
        session: int,
        *,
        checkpoints: dict[str, int] | None = None,
        remembered_readers: int = REMEMBERED_READERS,
    ) -> None:
        """*checkpoints* are kept, and changed, by the link; None is for when they are not known."""
        self.session = session
        self._checkpoints = checkpoints
        self._remembered_readers = remembered_readers
        #: In the order in which the readers were last heard of.
        self._readers: dict[str, _Reader] = {}
        self._to_acknowledge: dict[str, int] = {}

    def accept(self, envelope: Envelope, count: int) -> Delivery | Refusal:
        """
        Take the batch of *count* records that *envelope* announces, or say why not.

        What is taken has to be confirmed once Kafka has it.
        """
        if envelope.session != self.session:
            return Refusal.OTHER_SESSION
        reader = self._readers.pop(envelope.reader, None) or self._meet(envelope.reader)
        if envelope.first_seq != max(reader.next_seq, envelope.oldest_seq):
            return self._refuse(reader)
        delivery = Delivery(self, reader, envelope.first_seq, envelope.first_seq + count - 1)
        reader.unconfirmed.append(delivery)
        reader.next_seq = envelope.first_seq + count
        reader.taken = True
        self._remember(reader)
        return delivery

    def take_acknowledgements(self) -> dict[str, int]:
        """Return, by reader, the seq to acknowledge, where it moved or has to be repeated."""
        taken = self._to_acknowledge
        self._to_acknowledge = {}
        return taken

    def _refuse(self, reader: _Reader) -> Refusal:
        if reader.next_seq:
            self._remember(reader)
        if reader.acknowledged:
            self._to_acknowledge[reader.name] = reader.acknowledged
        return Refusal.NOT_NEXT

    def _advance(self, reader: _Reader) -> None:
        unconfirmed = reader.unconfirmed
        while unconfirmed and unconfirmed[0].is_settled:
            reader.acknowledged = unconfirmed.popleft().last_seq
            self._to_acknowledge[reader.name] = reader.acknowledged

    def _meet(self, name: str) -> _Reader:
        return _Reader(name, self._checkpoints.pop(name, 0) if self._checkpoints else 0)

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
