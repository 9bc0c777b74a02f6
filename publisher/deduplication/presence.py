"""
Which readers were in which channel, and when, according to their presence messages.

The presences of all readers of a channel are combined. Their hosts' clocks must agree.
"""

from __future__ import annotations

from common.frames import Presence

#: How many channels are remembered; about a thousand are read at a time.
CHANNELS = 10_000
#: How many spans are remembered per channel. Each reader has one, and one more for each rejoin. A
#: current span is reported again and again, and so not forgotten.
SPANS = 32


class PresenceTable:
    """Remembers the channels, and the spans in each, that were reported last."""

    def __init__(self, *, channels: int = CHANNELS, spans: int = SPANS) -> None:
        self._limit_channels = channels
        self._limit_spans = spans
        #: The end of each span, by channel, then by reader and beginning; last reported ones last.
        self._channels: dict[str, dict[tuple[str, int], int]] = {}

    def note(self, presence: Presence) -> None:
        """Store that a reader has been in a channel."""
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
        Return the first and the last moment from *from_ms* to *to_ms* when no reader except
        *reader* was in the channel; None if there was always one. Times are Unix milliseconds.
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
