"""
Until when what was heard in the channel is known to be in Kafka.

To have been in a channel is worth something to others only once what was heard there is safe: the
host of a reader may be lost with what it holds.
"""

from __future__ import annotations

from collections import deque

#: Moments remembered while nothing is acknowledged, at one in some seconds. Those in between are
#: not missed: a later one covers them.
_REMEMBERED = 1000


class ReceivedUntil:
    """What was heard when, by the numbers of the records."""

    def __init__(self) -> None:
        self._heard: deque[tuple[int, int]] = deque(maxlen=_REMEMBERED)
        self._safe_until_ms = 0

    def on_received(self, last_seq: int, received_ms: int) -> None:
        """Note that all chat received until *received_ms* (Unix) has numbers to *last_seq*."""
        self._heard.append((last_seq, received_ms))

    def safe_until_ms(self, acknowledged: int) -> int:
        """Return until when all that was heard has numbers to *acknowledged*; 0 for never."""
        while self._heard and self._heard[0][0] <= acknowledged:
            self._safe_until_ms = self._heard.popleft()[1]
        return self._safe_until_ms
