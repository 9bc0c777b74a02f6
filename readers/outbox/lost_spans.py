"""The time spans of batches that are being evicted, and the gap records that replace them."""

from __future__ import annotations

from common.chat_gap import ChatGap, GapReason, decode_chat_gap
from common.frames import Batch, Kind, decode_batch
from readers.outbox.gap_batch import gap_batch

#: The share of a bound that is evicted at a time, with one gap record for all of it.
SHARE_EVICTED = 1 / 16


class LostSpans:
    """
    One span for each channel id, from its earliest lost message to its latest.

    The memory for it does not grow with the number of batches. A lost gap record adds its own span,
    and its reason is replaced: with `overflowed`, the publisher leaves the whole span in the topic.
    """

    def __init__(self, channel: str) -> None:
        self._channel = channel
        #: Start and end by channel id.
        self._spans: dict[str, list[int]] = {}
        #: The messages and events among what is lost, and the gap records.
        self.messages = self.gaps = 0

    def add(self, body: bytes) -> None:
        """Add the batch whose frame is *body*. Its records may be in any order of time."""
        batch = decode_batch(body)
        if batch.kind == Kind.GAP:
            self.gaps += len(batch.records)
            for record in batch.records:
                gap = decode_chat_gap(record.value)
                self._extend(gap.channel_id, gap.from_ms, gap.to_ms)
            return
        self.messages += len(batch.records)
        for record in batch.records:
            self._extend(record.key.decode(), record.timestamp, record.timestamp)

    def gap_batch(self) -> Batch:
        """Return the batch with a gap record for each span."""
        return gap_batch(
            *(
                ChatGap(channel_id, self._channel, from_ms, to_ms, GapReason.OVERFLOWED)
                for channel_id, (from_ms, to_ms) in self._spans.items()
            )
        )

    def _extend(self, channel_id: str, from_ms: int, to_ms: int) -> None:
        span = self._spans.get(channel_id)
        if span is None:
            self._spans[channel_id] = [from_ms, to_ms]
            return
        span[0] = min(span[0], from_ms)
        span[1] = max(span[1], to_ms)
