"""
The reader's end of the link: which batch to send next. No sockets, no clock, no I/O.

1. Nothing is sent before the publisher's session is known.
2. At most one window of batches is in flight: sent, but not acknowledged.
3. The reader goes back, and sends everything after the last acknowledged record again, when the
   session or the connection is a new one, or when nothing was acknowledged for RESEND_AFTER_S while
   the publisher is alive.
4. An acknowledgement counts only if it belongs to the current session.
5. Switching to another publisher, or to another name of the numbering, starts another session.

What is acknowledged is the Outbox's number: it is durable there. The link only knows what is in
flight.
"""

from __future__ import annotations

from collections import deque

#: The window. Small batches are bounded by their number, large ones by their bytes.
WINDOW_BATCHES = 512
WINDOW_BYTES = 8 * 1024 * 1024

#: From here on, acknowledgements are read before anything is sent: early enough that a flood never
#: waits for room in the window, and that what they delete is still in SQLite's cache. With half of
#: the window, a batch of 64 KB took 60 reads of the file, and 40 % more writes.
MUCH_BATCHES = WINDOW_BATCHES // 2
MUCH_BYTES = 64 * 1024

#: Seconds without an acknowledgement after which the batches in flight count as lost.
RESEND_AFTER_S = 5.0

#: Seconds without a message after which the publisher counts as away. It announces itself every
#: second while Kafka confirms. Less than RESEND_AFTER_S, so that nothing is sent again to a
#: publisher whose Kafka has stalled.
AWAY_AFTER_S = 3.5

#: Seconds without an acknowledgement after which the publisher's announcements are needed to tell
#: whether it is away: less than one between two ticks, and so early that some come in time.
LATE_AFTER_S = 0.9


class SendingLink:
    """Go-back-N towards one publisher. Times are seconds of a monotonic clock."""

    def __init__(self, now: float) -> None:
        self.session: int | None = None
        #: The last record of each batch, and its bytes.
        self._in_flight: deque[tuple[int, int]] = deque()
        self._bytes_in_flight = 0
        self._progress_at = now
        #: When the publisher was received last, or when we began to wait for it.
        self._received_at = now

    def is_away(self, now: float) -> bool:
        """Return whether the publisher has been silent for longer than AWAY_AFTER_S."""
        return now - self._received_at > AWAY_AFTER_S

    @property
    def has_in_flight(self) -> bool:
        """Whether something was sent that is not acknowledged."""
        return bool(self._in_flight)

    def is_late(self, now: float) -> bool:
        """Return whether nothing of what is in flight was acknowledged for LATE_AFTER_S."""
        return bool(self._in_flight) and now - self._progress_at > LATE_AFTER_S

    @property
    def has_much_in_flight(self) -> bool:
        """Whether so much is in flight that acknowledgements should be read before the next one."""
        return len(self._in_flight) >= MUCH_BATCHES or self._bytes_in_flight >= MUCH_BYTES

    def last_sent(self, acknowledged: int) -> int:
        """Return the last record sent, where all up to *acknowledged* counts as sent."""
        return self._in_flight[-1][0] if self._in_flight else acknowledged

    def may_send(self) -> bool:
        """Return whether a batch may be sent now: the one that follows `last_sent`."""
        return (
            self.session is not None
            and len(self._in_flight) < WINDOW_BATCHES
            and self._bytes_in_flight < WINDOW_BYTES
        )

    def on_sent(self, last_seq: int, size: int, now: float) -> None:
        """Note that the batch that ends with record *last_seq*, of *size* bytes, was sent."""
        if not self._in_flight:
            self._progress_at = self._received_at = now
        self._in_flight.append((last_seq, size))
        self._bytes_in_flight += size

    def on_announcement(self, session: int, now: float, *, reconnected: bool = False) -> bool:
        """
        Note the publisher's *session*; return whether it is a new one.

        After a reconnection (*reconnected*), what was in flight may be lost.
        """
        self._received_at = now
        if session == self.session:
            if reconnected:
                self._go_back()
            return False
        self.session = session
        self._go_back()
        return True

    def on_switched(self, session: int | None, now: float) -> None:
        """Note that batches go to another publisher now; its session is None until it is known."""
        self._received_at = now
        self.session = session
        self._go_back()

    def on_acknowledgement(self, session: int, seq: int, now: float) -> bool:
        """
        Note that Kafka has all records up to *seq*; return whether that counts.

        It does not count if the session is another one. What is acknowledged may have been sent by
        an earlier process of this reader, which was killed before it received the acknowledgement.
        """
        if session != self.session:
            return False
        self._received_at = now
        while self._in_flight and self._in_flight[0][0] <= seq:
            self._bytes_in_flight -= self._in_flight.popleft()[1]
            self._progress_at = now
        return True

    def on_time(self, now: float) -> bool:
        """Go back if what is in flight counts as lost; return whether it did."""
        overdue = self._in_flight and now - self._progress_at > RESEND_AFTER_S
        if not overdue or self.is_away(now):
            return False
        self._go_back()
        return True

    def _go_back(self) -> None:
        self._in_flight.clear()
        self._bytes_in_flight = 0
