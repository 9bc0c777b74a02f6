"""
When acknowledgements are sent: a few a second to each reader, whatever Kafka confirms.

Each one wakes up threads at both ends, and a busy publisher has thousands of batches of one message
a second to acknowledge. But a reader can wait: what is confirmed is safe in Kafka, and its outbox
keeps it a little longer.

1. A reader that was sent nothing in the last HELD_S is sent its acknowledgement at once.
2. What is confirmed after that is held for HELD_S, and sent together with all that has followed.
3. If much has been confirmed meanwhile, it is sent earlier: the reader's window must not become
   full of batches that Kafka has confirmed.
4. A reader whose batch was refused is sent its acknowledgement at once: it lacks that. So is a
   reader that waits for it: one that stops, or an outbox that is drained.

No sockets and no clock. It knows the readers that were acknowledged in the last moments only.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Mapping
from typing import NamedTuple

from publisher.link.sequence import Position

#: Seconds for which an acknowledgement may be held.
HELD_S = 0.25

#: What is held for a reader at most: how many numbers, and confirmations at different times. A
#: reader may have 512 batches in flight, or 8 MiB: that is at least 800 records.
HELD_NUMBERS = 256
HELD_TIMES = 64


class DueAcknowledgement(NamedTuple):
    """What to send to a reader now."""

    #: Kafka has confirmed every record up to this one.
    position: Position
    #: When it confirmed them, as in an Acknowledgement.
    confirmed: tuple[tuple[int, int], ...]


class _Sent(NamedTuple):
    position: Position
    at: float


class _Held:
    __slots__ = ("after", "confirmed", "due_at", "position")

    def __init__(self, after: Position, due_at: float) -> None:
        self.after = self.position = after
        self.confirmed: list[tuple[int, int]] = []
        self.due_at = due_at

    def add(self, position: Position, confirmed_us: int) -> None:
        self.position = position
        self.confirmed.append((position.seq, confirmed_us))

    @property
    def is_full(self) -> bool:
        numbers = self.position.seq - self.after.seq
        return numbers >= HELD_NUMBERS or len(self.confirmed) >= HELD_TIMES


class AcknowledgementSchedule:
    """The acknowledgements of one session. Times are seconds of a monotonic clock."""

    def __init__(self) -> None:
        #: What was sent in the last HELD_S, by reader; the oldest first.
        self._sent: OrderedDict[str, _Sent] = OrderedDict()
        #: What is held, by reader; what is due first comes first.
        self._held: OrderedDict[str, _Held] = OrderedDict()
        self._due: dict[str, DueAcknowledgement] = {}

    def add(
        self,
        positions: Mapping[str, Position],
        now: float,
        confirmed_us: int,
        urgent: Collection[str] = (),
    ) -> None:
        """
        Add what is to be acknowledged, by reader: what Kafka has just confirmed, and repetitions.

        *confirmed_us* is the same moment as *now*, in Unix microseconds. *urgent* are the readers
        that are not to wait.
        """
        self._forget_sent_before(now - HELD_S)
        for reader, position in positions.items():
            held, sent = self._held.get(reader), self._sent.get(reader)
            if held is not None:
                if position != held.position:
                    held.add(position, confirmed_us)
            elif sent is None:
                self._send(reader, position, ((position.seq, confirmed_us),), now)
                continue
            elif position == sent.position:
                self._send(reader, position, (), now)
                continue
            else:
                held = self._held[reader] = _Held(sent.position, now + HELD_S)
                held.add(position, confirmed_us)
            if held.is_full or reader in urgent:
                self._release(reader, now)

    def take_due(self, now: float) -> dict[str, DueAcknowledgement]:
        """Return what is to be sent now, by reader. It counts as sent."""
        while self._held and self._first_held().due_at <= now:
            self._release(next(iter(self._held)), now)
        due = self._due
        self._due = {}
        return due

    def take_all(self, now: float) -> dict[str, DueAcknowledgement]:
        """Return all that is not sent yet, by reader. It counts as sent."""
        for reader in list(self._held):
            self._release(reader, now)
        return self.take_due(now)

    def due_at(self) -> float | None:
        """Return when something that is held is due; None if nothing is held."""
        return self._first_held().due_at if self._held else None

    def _first_held(self) -> _Held:
        return next(iter(self._held.values()))

    def _release(self, reader: str, now: float) -> None:
        held = self._held.pop(reader)
        self._send(reader, held.position, tuple(held.confirmed), now)

    def _send(
        self, reader: str, position: Position, confirmed: tuple[tuple[int, int], ...], now: float
    ) -> None:
        self._due[reader] = DueAcknowledgement(position, confirmed)
        self._sent[reader] = _Sent(position, now)
        self._sent.move_to_end(reader)

    def _forget_sent_before(self, earliest: float) -> None:
        while self._sent and next(iter(self._sent.values())).at < earliest:
            self._sent.popitem(last=False)
