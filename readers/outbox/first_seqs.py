"""The first numbers of the batches that were put in last, so that the file need not be asked."""

from __future__ import annotations

from collections import deque

#: Numbers that are remembered: as many as batches can be in flight.
REMEMBERED = 512


class FirstSeqs:
    """First numbers in ascending order: no batch is missing between them."""

    def __init__(self) -> None:
        self._first_seqs: deque[int] = deque(maxlen=REMEMBERED)

    def add(self, first_seq: int) -> None:
        """Add the batch that begins with record *first_seq*, which comes after all others."""
        self._first_seqs.append(first_seq)

    def remove_until(self, seq: int) -> int | None:
        """
        Remove the batches up to record *seq*.

        Returns the first number of the batch that follows them; None if that is not known.
        """
        first_seqs, is_known = self._first_seqs, False
        while first_seqs and first_seqs[0] <= seq:
            first_seqs.popleft()
            is_known = True
        return first_seqs[0] if is_known and first_seqs else None

    def clear(self) -> None:
        """Forget all batches."""
        self._first_seqs.clear()
