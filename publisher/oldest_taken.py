"""When the oldest unconfirmed batch was taken, whatever the order in which Kafka confirms."""

from __future__ import annotations

import time
from dataclasses import dataclass


@dataclass(slots=True)
class _Second:
    """The batches of one second that are not settled, and when the first one was taken."""

    count: int
    first_ms: int


class OldestTaken:
    """
    Batches that are not settled, counted by the second in which they were taken.

    A hundred thousand of them may wait for Kafka, so none has an entry of its own. The times are
    the batches' `taken_s`, seconds of a monotonic clock.
    """

    def __init__(self) -> None:
        self._seconds: dict[int, _Second] = {}

    @property
    def taken_ms(self) -> int:
        """Unix milliseconds at which the oldest was taken, up to 1 s too early; 0 without any."""
        return next((second.first_ms for second in self._seconds.values()), 0)

    def take(self, taken_s: float) -> None:
        """Note a batch that is taken now, at *taken_s*."""
        second = self._seconds.get(int(taken_s))
        if second is None:
            self._seconds[int(taken_s)] = _Second(1, int(time.time() * 1000))
        else:
            second.count += 1

    def settle(self, taken_s: float) -> None:
        """Forget a batch that was taken at *taken_s*."""
        second = self._seconds[int(taken_s)]
        second.count -= 1
        if not second.count:
            del self._seconds[int(taken_s)]

    def forget_all(self) -> None:
        """Forget all batches."""
        self._seconds.clear()
