"""
Puts what was in the partitions at the start into order of time.

Kafka's client returns what is there partition by partition. A person reads it by time. The order
within a partition stays as it is, whatever the times are.
"""

from __future__ import annotations

import heapq
import time
from collections import deque
from collections.abc import Callable, Sequence

from confluent_kafka import Message

#: Records that are held at most, unless the last ones of some channels are looked for.
MOST_HELD = 10_000
#: Seconds for which records are held at most: a partition may have lost its leader by now.
LONGEST_S = 10.0

Partition = tuple[str, int]


class CatchUp:
    """
    Holds the records that are to be printed until all partitions are read to where they ended.

    With *last*, the last ones of some channels are looked for: so many of each partition are kept,
    and each partition is held until its end.
    """

    def __init__(self, last: int | None, now: Callable[[], float] = time.monotonic) -> None:
        self._last = last
        self._now = now
        self._until = now() + LONGEST_S
        self._held: dict[Partition, deque[Message]] = {}
        self._count = 0
        #: The partitions that are not read to their end yet: where that was at the start.
        self._ends: dict[Partition, int] = {}
        self._is_over = False

    def expect(self, place: Partition, end: int) -> None:
        """Note that the records of the partition *place* before the offset *end* will come."""
        self._held[place] = deque(maxlen=self._last)
        self._ends[place] = end

    def take(self, message: Message, *, is_wanted: bool) -> Sequence[Message]:
        """Return what can be printed once *message* was read: it, others before it, or nothing."""
        place, offset = place_of(message), message.offset() or 0
        end = self._ends.get(place)
        if end is not None and offset >= end:
            # What was before the end is deleted by now, or not for us to see.
            self._note_end(place)
        if not is_wanted:
            pass
        elif self._is_over and not self._is_searched(place):
            return (message,)
        else:
            self._held[place].append(message)
            self._count += 1
        if end is not None and offset == end - 1:
            self._note_end(place)
        return self.due()

    def reach_end(self, place: Partition) -> Sequence[Message]:
        """Return what can be printed once *place* has no more records, or cannot be read."""
        self._note_end(place)
        return self.due()

    def due(self) -> Sequence[Message]:
        """Return what can be printed now."""
        if not self._held:
            return ()
        if not self._is_over:
            is_full = self._last is None and self._count >= MOST_HELD
            self._is_over = not self._ends or is_full or self._now() >= self._until
        if not self._is_over:
            return ()
        places = [place for place in self._held if not self._is_searched(place)]
        return list(heapq.merge(*map(self._held.pop, places), key=_time))

    def _is_searched(self, place: Partition) -> bool:
        return self._last is not None and place in self._ends

    def _note_end(self, place: Partition) -> None:
        if self._ends.pop(place, None) is not None and place in self._held:
            # However many come from now on, they are printed.
            self._held[place] = deque(self._held[place])


def place_of(message: Message) -> Partition:
    """Return the topic and the number of the partition of *message*."""
    return message.topic() or "", message.partition() or 0


def _time(message: Message) -> int:
    return message.timestamp()[1]
