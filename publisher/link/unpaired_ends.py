"""
Finds the connections for batches that ended without their reader.

A reader has two connections. When it stops or is killed, both end. If only the one for batches
ends, the reader is still there, or there never was one. ZeroMQ does not tell which two connections
belong together, nor why one has ended. So ends of both kinds are paired by their time.
"""

from __future__ import annotations

from collections import deque

#: Seconds between the ends of the two connections of a reader that stops, at most. They end within
#: milliseconds, unless the machine is very busy.
WITHIN_S = 2.0


class UnpairedEnds:
    """Pairs the ends of connections. All times are seconds of a monotonic clock."""

    def __init__(self) -> None:
        self._batches: deque[float] = deque()
        self._acknowledgements: deque[float] = deque()

    def __bool__(self) -> bool:
        """Return whether an end may turn out to be unpaired."""
        return bool(self._batches)

    def on_batches_ended(self, now: float) -> None:
        """Note the end of a connection for batches."""
        self._batches.append(now)

    def on_acknowledgements_ended(self, now: float) -> None:
        """Note the end of a connection for acknowledgements."""
        self._acknowledgements.append(now)

    def take(self, now: float) -> int:
        """Return how many connections for batches turn out to have ended alone."""
        alone = 0
        while self._batches or self._acknowledgements:
            of_batches = self._batches[0] if self._batches else now
            of_acknowledgements = self._acknowledgements[0] if self._acknowledgements else now
            if of_batches < of_acknowledgements - WITHIN_S:
                self._batches.popleft()
                alone += 1
            elif of_acknowledgements < of_batches - WITHIN_S:
                self._acknowledgements.popleft()
            elif self._batches and self._acknowledgements:
                self._batches.popleft()
                self._acknowledgements.popleft()
            else:
                break
        return alone
