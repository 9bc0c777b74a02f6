"""
Which of several publishers a reader sends to, as plain rules without sockets or clock.

1. The publishers have an order, and the first one is where a reader begins.
2. It turns away from one that has been silent for SILENT_FOR_S, to the next in the order that is
   heard; after the last comes the first. While none is heard, it stays: nothing would be gained.
3. It returns to one that comes earlier in the order once that one has been heard for
   SETTLED_AFTER_S without a break.

To be heard is what counts: one that is heard and takes no batches, as behind a firewall that lets
only answers through, is not left.
"""

from __future__ import annotations

from dataclasses import dataclass

from readers.link.go_back_n import AWAY_AFTER_S

#: Seconds without a word after which a publisher is left, if another one is heard.
SILENT_FOR_S = 10.0

#: Seconds that an earlier one has to be heard for: one that comes and goes is not returned to.
SETTLED_AFTER_S = 10.0


@dataclass
class _Heard:
    since: float
    last: float


class Failover:
    """The choice among *publishers*, by their place in the order. Times are monotonic seconds."""

    def __init__(self, publishers: int, now: float) -> None:
        self._heard = [_Heard(now, now) for _ in range(publishers)]
        #: The one that is being sent to; to be set by whoever turns to another.
        self.current = 0

    def on_received(self, publisher: int, now: float) -> None:
        """Take note that *publisher* has said something."""
        heard = self._heard[publisher]
        if now - heard.last > AWAY_AFTER_S:
            heard.since = now
        heard.last = now

    def preferred(self, now: float) -> int:
        """Return the publisher to send to."""
        for publisher, heard in enumerate(self._heard[: self.current]):
            if self._is_responding(publisher, now) and heard.last - heard.since >= SETTLED_AFTER_S:
                return publisher
        if now - self._heard[self.current].last <= SILENT_FOR_S:
            return self.current
        following = [*range(self.current + 1, len(self._heard)), *range(self.current)]
        return next((other for other in following if self._is_responding(other, now)), self.current)

    def _is_responding(self, publisher: int, now: float) -> bool:
        return now - self._heard[publisher].last <= AWAY_AFTER_S
