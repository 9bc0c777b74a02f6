"""The batches of an outbox, in the order of sending."""

from __future__ import annotations

from collections.abc import Iterator

from common.frames import Batch, decode_batch
from readers.outbox.outbox import Outbox


def batches_after(outbox: Outbox, seq: int) -> Iterator[Batch]:
    """Yield the batches after record *seq*, decoded, in the order of sending."""
    while stored := outbox.batch_after(seq):
        yield decode_batch(stored.body)
        seq = stored.last_seq
