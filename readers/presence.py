"""
When this reader was in its channel, and when it was not: each absence becomes a gap record.

The outbox keeps since when we would have been absent if this process were gone, so that a kill
leaves a gap with a beginning. It is written down every few seconds, and what we heard last may have
been said some time before: a gap may begin early, never late.

Where the publisher wants to know, it is told when we were there: of what one reader has missed, it
leaves out what another one of the channel has heard.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from common.chat_gap import ChatGap, GapReason
from readers.outbox.gap_batch import gap_batch
from readers.outbox.outbox import Absence, Outbox

#: How old a message may be when it comes, in milliseconds. Of 798 recorded ones, one had been said
#: 6.2 s before.
LATENCY_MS = 7000

#: How long a gap record is held back where readers are compared, in milliseconds. Another reader
#: knows that it was there once it has heard something, which in a quiet channel takes 20 s, and
#: then only until LATENCY_MS before.
COMPARED_AFTER_MS = 40_000

#: How often it is written down that we are in the channel, in milliseconds.
NOTE_EVERY_MS = 5000

#: Tells the publisher in which channel (its id) we have been, since when and until when; returns
#: whether the publisher compares that.
ReportPresence = Callable[[str, int, int], bool]


class ChannelPresence:
    """A reader's presence in its channel. All times are Unix milliseconds."""

    def __init__(
        self,
        channel: str,
        outbox: Outbox,
        report_presence: ReportPresence,
        on_gap: Callable[[], None],
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        """*on_gap* is called when there is a gap record in the outbox."""
        self._channel = channel
        self._outbox = outbox
        self._report_presence = report_presence
        self._on_gap = on_gap
        self._now_ms = now_ms
        self._absence = outbox.absence()
        self._inside = False
        self._channel_id = ""
        self._entered_ms = 0
        self._noted_ms = 0
        #: What we were away for, as long as it has not been told.
        self._gap: ChatGap | None = None

    def on_entered(self, channel_id: str) -> None:
        """Take note that we are in the channel; if we were away from it, tell of the gap."""
        now_ms = self._now_ms()
        if not self._inside:
            self._inside = True
            self._channel_id = channel_id
            self._entered_ms = now_ms
            self._gap = self._gap_until(now_ms)
        self._note(now_ms)

    def on_received(self, received_ms: int) -> None:
        """Take note that something came at *received_ms*; to be called whenever something does."""
        if not self._inside or abs(received_ms - self._noted_ms) < NOTE_EVERY_MS:
            return
        self._note(received_ms)

    def on_left(self, since_ms: int, reason: GapReason) -> None:
        """Take note that we are not in the channel any more, *since_ms*."""
        if self._inside:
            self._inside = False
            self._append_gap()
            self._keep(Absence(since_ms, reason))

    def on_stopped(self) -> None:
        """Take note that we leave the channel now, because the reader stops."""
        self.on_left(self._now_ms(), GapReason.RESTARTED)

    def _note(self, received_ms: int) -> None:
        self._noted_ms = received_ms
        # What was said later than that may not have come yet.
        until_ms = received_ms - LATENCY_MS
        is_compared = self._report_presence(self._channel_id, self._entered_ms, until_ms)
        if self._gap and is_compared and self._now_ms() < self._gap.to_ms + COMPARED_AFTER_MS:
            return
        self._append_gap()
        self._keep(Absence(received_ms, GapReason.RESTARTED))

    def _gap_until(self, now_ms: int) -> ChatGap | None:
        if self._absence is None:
            return None
        # The clock may have been set back meanwhile.
        from_ms = min(self._absence.since_ms, now_ms) - LATENCY_MS
        return ChatGap(self._channel_id, self._channel, from_ms, now_ms, self._absence.reason)

    def _append_gap(self) -> None:
        if self._gap:
            self._outbox.append(gap_batch(self._gap))
            self._gap = None
            self._on_gap()

    def _keep(self, absence: Absence) -> None:
        if absence != self._absence:
            self._absence = absence
            self._outbox.keep_absence(absence)
