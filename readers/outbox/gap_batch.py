"""Gap records as batches: they take the same way as messages, through outbox and link."""

from __future__ import annotations

from common.chat_gap import ChatGap, GapReason, decode_chat_gap, encode_chat_gap
from common.frames import Batch, Kind, Record


def gap_batch(gap: ChatGap) -> Batch:
    """Return the batch with the record of *gap*. Its key is the messages' key, the channel's id."""
    return Batch(Kind.GAP, [Record(gap.channel_id.encode(), gap.to_ms, encode_chat_gap(gap))])


def gap_of_lost_batches(channel: str, first: Batch, last: Batch) -> ChatGap:
    """Return the gap that is left when the batches from *first* to *last* are evicted."""
    from_ms, _ = _span_ms(first)
    _, to_ms = _span_ms(last)
    return ChatGap(
        channel_id=first.records[0].key.decode(),
        channel=channel,
        from_ms=min(from_ms, to_ms),
        to_ms=to_ms,
        reason=GapReason.OVERFLOWED,
    )


def _span_ms(batch: Batch) -> tuple[int, int]:
    first, last = batch.records[0], batch.records[-1]
    if batch.kind == Kind.GAP:
        return decode_chat_gap(first.value).from_ms, decode_chat_gap(last.value).to_ms
    return first.timestamp, last.timestamp
