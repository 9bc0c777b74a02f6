"""Batches that are recognised by a number, and what an outbox holds of them."""

from __future__ import annotations

from common.chat_gap import ChatGap, decode_chat_gap
from common.frames import Batch, Kind, Record
from readers.outbox.outbox import Outbox
from tests.readers.outboxes import batches_after

RECORD_BYTES = 10_000


def batch(number: int) -> Batch:
    """Return a batch of one large record with the timestamp *number* in seconds."""
    value = b"%d " % number + b"x" * RECORD_BYTES
    return Batch(Kind.CHAT, [Record(b"71", number * 1000, value)])


def held(outbox: Outbox) -> tuple[list[int], list[ChatGap]]:
    """Return the numbers of the chat records in *outbox*, and its gaps."""
    numbers, gaps = [], []
    for found in batches_after(outbox, outbox.acknowledged):
        for record in found.records:
            if found.kind == Kind.GAP:
                gaps.append(decode_chat_gap(record.value))
            else:
                numbers.append(int(record.value.split()[0]))
    return numbers, gaps
