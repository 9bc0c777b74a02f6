"""
The reader's end of the link: which batch to send next, as plain state without sockets or clock.

1. Nothing is sent before the publisher's session is known.
2. At most a window of batches is in flight: sent, but not acknowledged.
3. A new session, a new connection, or no acknowledgement for RESEND_AFTER_S while the publisher is
   alive, means going back: everything after the last acknowledged record is sent again, in order.
4. An acknowledgement is believed only if it is of the session that we are sending in.
5. To turn to another publisher is to be in a new session.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

#: How much may be in flight. Small batches are bounded by their number, large ones by their bytes.
WINDOW_BATCHES = 512
WINDOW_BYTES = 8 * 1024 * 1024

#: Seconds without progress after which the batches in flight count as lost.
RESEND_AFTER_S = 5.0

#: Seconds of silence after which the publisher counts as away; it announces itself every second to
#: whoever listens.
#: Less than RESEND_AFTER_S: one that has stalled says nothing, and is not to be sent it all again.
AWAY_AFTER_S = 3.5


class _InFlight(NamedTuple):
    last_seq: int
    size: int


class SendingLink:
    """Go-back-N towards one publisher. Times are seconds of a monotonic clock."""

    def __init__(self, acknowledged: int, now: float) -> None:
        """*acknowledged* is the number of the last record known to be in Kafka, 0 for none."""
        self.acknowledged = acknowledged
        self.sent = acknowledged
        self.session: int | None = None
        self._in_flight: deque[_InFlight] = deque()
        self._bytes_in_flight = 0
        self._progress_at = now
        #: When the publisher was heard, or when we began to wait for a word from it.
        self._received_at = now

    def is_away(self, now: float) -> bool:
        """Return whether the publisher has been silent for too long to be there."""
        return now - self._received_at > AWAY_AFTER_S

    @property
    def has_in_flight(self) -> bool:
        """Whether something was sent that is not acknowledged."""
        return bool(self._in_flight)

    def may_send(self) -> bool:
        """Return whether a batch may be sent now: the one that follows record `sent`."""
        return (
            self.session is not None
            and len(self._in_flight) < WINDOW_BATCHES
            and self._bytes_in_flight < WINDOW_BYTES
        )

    def on_sent(self, last_seq: int, size: int, now: float) -> None:
        """Take note that the batch that ends with record *last_seq*, of *size* bytes, was sent."""
        if not self._in_flight:
            self._progress_at = self._received_at = now
        self._in_flight.append(_InFlight(last_seq, size))
        self._bytes_in_flight += size
        self.sent = last_seq

    def on_announcement(self, session: int, now: float, *, reconnected: bool = False) -> bool:
        """
        Take note of the publisher's *session*; return whether it is a new one.

        Where we have *reconnected*, what was in flight may be lost.
        """
        self._received_at = now
        if session == self.session:
            if reconnected:
                self._go_back(now)
            return False
        self.session = session
        self._go_back(now)
        return True

    def on_switched(self, session: int | None, now: float) -> None:
        """Take note that another publisher is sent to now; None is for a session not known yet."""
        self._received_at = now
        self.session = session
        self._go_back(now)

    def on_acknowledgement(self, session: int, seq: int, last_seq: int, now: float) -> bool:
        """
        Take note that Kafka has all records up to *seq*; return whether that is news.

        *last_seq* is the last number ever given. What is acknowledged need not have been sent by
        this process: the one before it may have sent it, and been killed before it could note it.
        """
        if session != self.session:
            return False
        self._received_at = now
        if not self.acknowledged < seq <= last_seq:
            return False
        self.acknowledged = seq
        self.sent = max(self.sent, seq)
        self._progress_at = now
        while self._in_flight and self._in_flight[0].last_seq <= seq:
            self._bytes_in_flight -= self._in_flight.popleft().size
        return True

    def on_time(self, now: float) -> bool:
        """Go back if what is in flight must be lost; return whether it did."""
        overdue = self._in_flight and now - self._progress_at > RESEND_AFTER_S
        if not overdue or self.is_away(now):
            return False
        self._go_back(now)
        return True

    def _go_back(self, now: float) -> None:
        self.sent = self.acknowledged
        self._in_flight.clear()
        self._bytes_in_flight = 0
        self._progress_at = now
