"""Gap records as batches: they take the same way as messages, through outbox and link."""

from __future__ import annotations

from common.chat_gap import ChatGap, encode_chat_gap
from common.frames import Batch, Kind, Record


def gap_batch(*gaps: ChatGap) -> Batch:
    """Return the batch with a record of each gap. Its key is that of messages, the channel's id."""
    records = [Record(gap.channel_id.encode(), gap.to_ms, encode_chat_gap(gap)) for gap in gaps]
    return Batch(Kind.GAP, records)
