"""
When this reader was in its channel, and when it was not: each absence becomes a gap record.

The outbox keeps since when we would have been absent if this process were gone, so that a kill
leaves a gap with a beginning. It is written down every few seconds, and what we heard last may have
been said some time before: a gap may begin early, never late.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from common.chat_gap import ChatGap, GapReason
from readers.gap_batch import gap_batch
from readers.outbox import Absence, Outbox

#: How old a message may be when it comes, in milliseconds. Of 798 recorded ones, one had been said
#: 6.2 s before.
LATENCY_MS = 7000


class Attendance:
    """A reader's presence in its channel. All times are Unix milliseconds."""

    def __init__(
        self,
        channel: str,
        outbox: Outbox,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        self._channel = channel
        self._outbox = outbox
        self._now_ms = now_ms
        self._absence = outbox.absence()
        self._inside = False

    def on_entered(self, channel_id: str) -> None:
        """Take note that we are in the channel; if we were away from it, tell of the gap."""
        now_ms = self._now_ms()
        if self._absence and not self._inside:
            # The clock may have been set back meanwhile.
            from_ms = min(self._absence.since_ms, now_ms) - LATENCY_MS
            gap = ChatGap(channel_id, self._channel, from_ms, now_ms, self._absence.reason)
            self._outbox.append(gap_batch(gap))
        self._inside = True
        self.on_heard(now_ms)

    def on_heard(self, heard_ms: int) -> None:
        """Take note that the connection was alive at *heard_ms*; call this every few seconds."""
        if self._inside:
            self._keep(Absence(heard_ms, GapReason.RESTARTED))

    def on_left(self, since_ms: int, reason: GapReason) -> None:
        """Take note that we are not in the channel any more, *since_ms*."""
        if self._inside:
            self._inside = False
            self._keep(Absence(since_ms, reason))

    def on_stopped(self) -> None:
        """Take note that we leave the channel now, because the reader stops."""
        self.on_left(self._now_ms(), GapReason.RESTARTED)

    def _keep(self, absence: Absence) -> None:
        if absence != self._absence:
            self._absence = absence
            self._outbox.keep_absence(absence)
