"""
When this reader was in its channel. Each absence becomes a gap record.

The outbox stores since when the reader would have been absent if it was killed now, so that a kill
leaves a gap with a beginning. This is stored every few seconds, and a message can arrive some time
after it was said: a gap may begin too early, never too late.

If the publisher compares the readers of a channel, it is told when this one was there. It then
leaves out the part of a gap in which another reader was in the channel.
"""

from __future__ import annotations

from collections.abc import Callable

from common.chat_gap import ChatGap, GapReason
from common.frames import Batch
from common.unix_time import unix_ms
from readers.outbox.database import Absence
from readers.outbox.gap_batch import gap_batch
from readers.outbox.outbox import Outbox

#: How old a message can be when it arrives, in milliseconds. The oldest of 798 recorded messages
#: was 6.2 s old.
LATENCY_MS = 7000

#: How long a gap record is delayed where readers are compared, in milliseconds. Another reader
#: knows that it was in the channel once it has received something, which takes 20 s in a quiet
#: channel, and then only until LATENCY_MS before.
COMPARED_AFTER_MS = 40_000

#: Milliseconds between two times at which the presence is stored.
NOTE_EVERY_MS = 5000

#: Reports the channel's id, since when and until when this reader was there; returns whether the
#: publisher compares readers.
ReportPresence = Callable[[str, int, int], bool]


class ChannelPresence:
    """A reader's presence in its channel. All times are Unix milliseconds."""

    def __init__(
        self,
        channel: str,
        outbox: Outbox,
        append: Callable[[Batch], object],
        report_presence: ReportPresence,
        now_ms: Callable[[], int] = unix_ms,
    ) -> None:
        """*append* puts a gap record into the outbox and sends it."""
        self._channel = channel
        self._outbox = outbox
        self._report_presence = report_presence
        self._append = append
        self._now_ms = now_ms
        self._absence = outbox.absence()
        self._inside = False
        self._channel_id = ""
        self._entered_ms = 0
        self._noted_ms = 0
        #: The absence that has no gap record yet.
        self._gap: ChatGap | None = None

    def on_entered(self, channel_id: str) -> None:
        """Note that the channel was joined; an absence before that becomes a gap record."""
        now_ms = self._now_ms()
        if not self._inside:
            self._inside = True
            self._channel_id = channel_id
            self._entered_ms = now_ms
            self._gap = self._gap_until(now_ms)
        self._note(now_ms)

    def on_received(self, received_ms: int) -> None:
        """Note that something was received at *received_ms*. Call it whenever something is."""
        if not self._inside or abs(received_ms - self._noted_ms) < NOTE_EVERY_MS:
            return
        self._note(received_ms)

    def on_left(self, since_ms: int, reason: GapReason) -> None:
        """Note that the channel was left, or the connection lost, *since_ms*."""
        if self._inside:
            self._inside = False
            self._append_gap()
            self._store(Absence(since_ms, reason))

    def on_stopped(self) -> None:
        """Note that the channel is left now because the reader stops."""
        self.on_left(self._now_ms(), GapReason.RESTARTED)

    def _note(self, received_ms: int) -> None:
        self._noted_ms = received_ms
        # Messages that were said later than that may not have arrived yet.
        until_ms = received_ms - LATENCY_MS
        is_compared = self._report_presence(self._channel_id, self._entered_ms, until_ms)
        if self._gap and is_compared and self._now_ms() < self._gap.to_ms + COMPARED_AFTER_MS:
            return
        # An older time in the file only makes a gap longer. But there must be one: without it, a
        # kill would leave no gap. And after a gap record, the time before it would make it again.
        may_wait = self._gap is None and self._absence is not None
        self._append_gap()
        self._store(Absence(received_ms, GapReason.RESTARTED), may_wait=may_wait)

    def _gap_until(self, now_ms: int) -> ChatGap | None:
        if self._absence is None:
            return None
        # The clock may have been set back in the meantime.
        from_ms = min(self._absence.since_ms, now_ms) - LATENCY_MS
        return ChatGap(self._channel_id, self._channel, from_ms, now_ms, self._absence.reason)

    def _append_gap(self) -> None:
        if self._gap:
            self._append(gap_batch(self._gap))
            self._gap = None

    def _store(self, absence: Absence, *, may_wait: bool = False) -> None:
        if absence != self._absence:
            self._absence = absence
            self._outbox.store_absence(absence, may_wait=may_wait)
