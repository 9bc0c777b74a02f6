"""
Which of several publishers a reader sends to. No sockets, no clock, no I/O.

1. The publishers are in order of preference. A reader starts with the first one.
2. When nothing has come from the current publisher for SILENT_FOR_S, the reader switches to the
   next one that is responding; the first follows the last. If none is responding, it stays.
3. It switches back to an earlier publisher once that one has been responding for SETTLED_AFTER_S
   without a break.

Only what a publisher sends counts. A publisher that announces itself but receives no batches, for
example because of a firewall, stays the current one.
"""

from __future__ import annotations

from dataclasses import dataclass

from readers.link.go_back_n import AWAY_AFTER_S

#: Seconds of silence after which the reader switches, if another publisher is responding.
SILENT_FOR_S = 10.0

#: Seconds that an earlier publisher has to respond before the reader switches back: long enough not
#: to follow a publisher that keeps restarting.
SETTLED_AFTER_S = 10.0


@dataclass
class _Span:
    """The time for which a publisher has been responding."""

    since: float
    last: float


class Failover:
    """The choice among a number of *publishers*. Times are seconds of a monotonic clock."""

    def __init__(self, publishers: int, now: float) -> None:
        self._spans = [_Span(now, now) for _ in range(publishers)]
        #: Index of the publisher that batches are sent to. The caller sets it when it has switched.
        self.current = 0

    def on_received(self, publisher: int, now: float) -> None:
        """Note that something was received from *publisher*, an index."""
        span = self._spans[publisher]
        if now - span.last > AWAY_AFTER_S:
            span.since = now
        span.last = now

    def preferred(self, now: float) -> int:
        """Return the index of the publisher to send to."""
        for publisher, span in enumerate(self._spans[: self.current]):
            if self._is_responding(publisher, now) and span.last - span.since >= SETTLED_AFTER_S:
                return publisher
        if now - self._spans[self.current].last <= SILENT_FOR_S:
            return self.current
        following = [*range(self.current + 1, len(self._spans)), *range(self.current)]
        return next((other for other in following if self._is_responding(other, now)), self.current)

    def _is_responding(self, publisher: int, now: float) -> bool:
        return now - self._spans[publisher].last <= AWAY_AFTER_S
