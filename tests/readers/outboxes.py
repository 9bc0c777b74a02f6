"""What an outbox holds, as it would be sent."""

from __future__ import annotations

from collections.abc import Iterator

from common.frames import Batch, decode_batch
from readers.outbox.outbox import Outbox


def batches_after(outbox: Outbox, seq: int) -> Iterator[Batch]:
    """Give the batches that the outbox gives after record *seq*, in that order."""
    while stored := outbox.batch_after(seq):
        yield decode_batch(stored.body)
        seq = stored.last_seq
