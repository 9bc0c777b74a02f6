"""
Up to which time everything received in the channel is known to be in Kafka.

Being in the channel does not prove that the messages were stored: the host of a reader may be lost
together with its outbox. So a presence only counts up to this time.
"""

from __future__ import annotations

from collections import deque

#: Times remembered while nothing is acknowledged, one every few seconds. A later one covers those
#: that are dropped.
_REMEMBERED = 1000


class ReceivedUntil:
    """Maps record numbers to the times at which they were received."""

    def __init__(self) -> None:
        self._received: deque[tuple[int, int]] = deque(maxlen=_REMEMBERED)
        self._safe_until_ms = 0

    def on_received(self, last_seq: int, received_ms: int) -> None:
        """Note that all chat received until *received_ms* (Unix) has numbers to *last_seq*."""
        self._received.append((last_seq, received_ms))

    def safe_until_ms(self, acknowledged: int) -> int:
        """Return up to when all chat has numbers to *acknowledged*, in Unix milliseconds, or 0."""
        while self._received and self._received[0][0] <= acknowledged:
            self._safe_until_ms = self._received.popleft()[1]
        return self._safe_until_ms
