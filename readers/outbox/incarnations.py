"""
Which incarnation gave which numbers.

Each opening of an outbox is an incarnation with a random id. Two copies of an outbox (a restored
backup, a cloned folder) give the same numbers to different records, but not in the same
incarnation. So a number together with its incarnation identifies a record, and copies that have it
in common have all earlier records in common, too.
"""

from __future__ import annotations

import secrets
from bisect import bisect_right
from collections.abc import Iterable

#: Stands for an incarnation of an older version, which had no id.
UNKNOWN = 0

#: Larger than any id. With it, a number sorts after the row that begins with it.
_LARGEST = 2**63


class Incarnations:
    """The incarnations of an outbox, by the first number that each of them gave or may give."""

    def __init__(self, rows: Iterable[tuple[int, int]] = ()) -> None:
        """*rows* are first numbers and ids, in the order of the numbers."""
        self._rows = list(rows)

    @property
    def rows(self) -> list[tuple[int, int]]:
        """First numbers and ids, in the order of the numbers."""
        return self._rows

    def begin(self, first_seq: int, acknowledged: int) -> None:
        """
        Begin an incarnation that gives the numbers from *first_seq* on.

        Of the earlier ones, those remain that gave number *acknowledged* and what follows it.
        """
        # An incarnation that gave no number is replaced.
        earlier = [row for row in self._rows if row[0] < first_seq]
        newest_needed = bisect_right(earlier, (acknowledged, _LARGEST)) - 1
        # 63 bits fit into a 64-bit integer, signed or not.
        self._rows = [*earlier[max(0, newest_needed) :], (first_seq, secrets.randbits(63) or 1)]

    def of(self, seq: int) -> int:
        """Return the id of the incarnation that gave number *seq*, UNKNOWN if it had none."""
        index = bisect_right(self._rows, (seq, _LARGEST)) - 1
        return self._rows[index][1] if index >= 0 else UNKNOWN

    def may_have_given(self, seq: int, incarnation: int) -> bool:
        """Return whether *incarnation* gave number *seq*. UNKNOWN may have given any."""
        return incarnation == UNKNOWN or incarnation == self.of(seq)
