"""The batches that the disk has not taken yet, in memory, up to a bound."""

from __future__ import annotations

from collections import deque

from readers.outbox.database import StoredBatch
from readers.outbox.lost_spans import SHARE_EVICTED, LostSpans
from readers.outbox.memory_bound import MEMORY_MAX_BYTES

#: What a batch takes in memory beyond its body, in bytes: its objects.
_OBJECTS_BYTES = 256

#: What it takes in memory for each byte of its body. Up to 1.23 was measured: malloc cannot use all
#: that is free between bodies of different sizes.
_BYTES_PER_BYTE = 1.25


class UnwrittenBatches:
    """Batches in the order of their numbers, which follow one another."""

    def __init__(self) -> None:
        #: Oldest first. Only this class changes it.
        self.batches: deque[StoredBatch] = deque()
        self._bytes = 0.0
        #: Bytes of memory that the batches may take.
        self.max_bytes = MEMORY_MAX_BYTES

    @property
    def oldest(self) -> StoredBatch | None:
        """The oldest batch, None if there is none."""
        return self.batches[0] if self.batches else None

    @property
    def records(self) -> int:
        """The number of records."""
        if not self.batches:
            return 0
        return self.batches[-1].last_seq - self.batches[0].first_seq + 1

    @property
    def is_over_bound(self) -> bool:
        """Whether the batches take more memory than they may."""
        return self._bytes > self.max_bytes

    def append(self, batch: StoredBatch) -> None:
        """Add *batch*, which follows the last one."""
        self.batches.append(batch)
        self._bytes += _memory_of(batch)

    def remove_oldest(self) -> StoredBatch:
        """Remove the oldest batch, and return it."""
        batch = self.batches.popleft()
        self._bytes -= _memory_of(batch)
        return batch

    def remove_until(self, seq: int) -> None:
        """Remove the batches up to record *seq*."""
        while self.batches and self.batches[0].first_seq <= seq:
            self.remove_oldest()

    def batch_after(self, seq: int) -> StoredBatch | None:
        """Return the first batch that begins after record *seq*, None if there is none."""
        return next((batch for batch in self.batches if batch.first_seq > seq), None)

    def evict(self, lost: LostSpans) -> tuple[int, int]:
        """
        Remove the oldest batches, and add them to *lost*. There must be some.

        Returns the first and the last number of what was removed. Afterwards a share of the bound
        is free, with room for the gap record of what was lost.
        """
        first_seq, last_seq = self.batches[0].first_seq, 0
        while self.batches and self._bytes > self.max_bytes * (1 - SHARE_EVICTED):
            batch = self.remove_oldest()
            last_seq = batch.last_seq
            lost.add(batch.body)
        return first_seq, last_seq


def _memory_of(batch: StoredBatch) -> float:
    return len(batch.body) * _BYTES_PER_BYTE + _OBJECTS_BYTES
