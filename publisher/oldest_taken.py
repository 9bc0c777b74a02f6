"""When the oldest unconfirmed batch was taken, whatever the order in which Kafka confirms."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass


@dataclass(slots=True)
class TakenSecond:
    """The batches that were taken in one second."""

    #: How many of them are not settled.
    unsettled: int
    #: When the first one was taken, in Unix milliseconds.
    first_ms: int
    #: When the second is over, on a monotonic clock.
    ends_s: float


class OldestTaken:
    """
    Batches that are not settled, counted by the second in which they were taken.

    A hundred thousand of them may wait for Kafka, so none has an entry of its own. To settle a
    batch, lower the number of its second.
    """

    def __init__(self) -> None:
        self._seconds: deque[TakenSecond] = deque()

    @property
    def taken_ms(self) -> int:
        """Unix milliseconds at which the oldest was taken, up to 1 s too early; 0 without any."""
        seconds = self._seconds
        while seconds and not seconds[0].unsettled:
            seconds.popleft()
        return seconds[0].first_ms if seconds else 0

    def take(self, taken_s: float) -> TakenSecond:
        """Count a batch that is taken now, at *taken_s* of a monotonic clock; return its second."""
        seconds = self._seconds
        if seconds and taken_s < seconds[-1].ends_s:
            second = seconds[-1]
            second.unsettled += 1
        else:
            second = TakenSecond(1, int(time.time() * 1000), taken_s + 1)
            seconds.append(second)
        return second

    def forget_all(self) -> None:
        """Forget all batches."""
        self._seconds.clear()
