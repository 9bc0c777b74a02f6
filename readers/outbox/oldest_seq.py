"""The number of the oldest record in an outbox, without asking the file each time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

#: Batches whose first numbers are remembered: as many as can be in flight.
REMEMBERED = 512


class OldestSeq:
    """Follows what is put in, acknowledged and evicted. *ask* returns the number, if it has to."""

    def __init__(self, ask: Callable[[], int]) -> None:
        self._ask = ask
        #: None where it is not known.
        self._oldest: int | None = None
        #: First numbers of the last batches, ascending: no batch is missing between them.
        self._first_seqs: deque[int] = deque(maxlen=REMEMBERED)
        #: Add the batch that begins with this record, and comes after all others.
        self.add = self._first_seqs.append

    def get(self) -> int:
        """Return the oldest record; if there is none, the number that the next one will have."""
        if self._oldest is None:
            self._oldest = self._ask()
        return self._oldest

    def remove_until(self, seq: int, last_seq: int) -> None:
        """Remove the batches up to record *seq*; *last_seq* is the last record that was put in."""
        first_seqs, is_known = self._first_seqs, False
        while first_seqs and first_seqs[0] <= seq:
            first_seqs.popleft()
            is_known = True
        if self._oldest is None or self._oldest <= seq:
            following = first_seqs[0] if is_known and first_seqs else None
            self._oldest = seq + 1 if seq == last_seq else following

    def forget(self) -> None:
        """Forget all batches: some were evicted."""
        self._first_seqs.clear()
        self._oldest = None
