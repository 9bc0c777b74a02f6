"""
The roll call: which readers were in which channel, and when, as far as they have told.

What several of them tell makes one picture of a channel. Their hosts' clocks are taken to agree.
"""

from __future__ import annotations

from common.frames import Presence

#: Channels that are remembered; a thousand are read, the others came and went.
CHANNELS = 10_000
#: Spans that are remembered of a channel. Each reader has one, and one more whenever it comes back.
#: One that still goes on is told of again and again, and so not forgotten.
SPANS = 32


class PresenceTable:
    """Remembers a number of channels, and of spans in each, that were told of last."""

    def __init__(self, *, channels: int = CHANNELS, spans: int = SPANS) -> None:
        self._limit_channels = channels
        self._limit_spans = spans
        #: By channel, and by reader and beginning, the end. In the order in which they were told.
        self._channels: dict[str, dict[tuple[str, int], int]] = {}

    def note(self, presence: Presence) -> None:
        """Take note of where a reader has been."""
        spans = self._channels.pop(presence.channel_id, None) or {}
        self._channels[presence.channel_id] = spans
        key = (presence.reader, presence.since_ms)
        spans[key] = max(spans.pop(key, 0), presence.until_ms)
        if len(spans) > self._limit_spans:
            del spans[next(iter(spans))]
        if len(self._channels) > self._limit_channels:
            del self._channels[next(iter(self._channels))]

    def unattended(
        self, channel_id: str, reader: str, from_ms: int, to_ms: int
    ) -> tuple[int, int] | None:
        """
        Return the first and the last moment from *from_ms* to *to_ms* when no reader but *reader*
        was in the channel, None when there was one all the time. Times are Unix milliseconds.
        """
        spans = [
            (since_ms, until_ms)
            for (name, since_ms), until_ms in self._channels.get(channel_id, {}).items()
            if name != reader
        ]
        for since_ms, until_ms in sorted(spans):
            if since_ms <= from_ms <= until_ms:
                from_ms = until_ms + 1
        for until_ms, since_ms in sorted(((end, start) for start, end in spans), reverse=True):
            if since_ms <= to_ms <= until_ms:
                to_ms = since_ms - 1
        return (from_ms, to_ms) if from_ms <= to_ms else None
