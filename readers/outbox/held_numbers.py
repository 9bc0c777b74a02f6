"""The numbers of the records in an outbox, as a few ranges: counted without reading the file."""

from __future__ import annotations


class HeldNumbers:
    """Numbers in ascending order. Some are missing where a boot or an eviction skipped them."""

    def __init__(self) -> None:
        self._ranges: list[tuple[int, int]] = []
        #: How many numbers there are.
        self.count = 0

    @property
    def last(self) -> int:
        """The largest number, 0 if there is none."""
        return self._ranges[-1][1] if self._ranges else 0

    def add(self, first: int, last: int) -> None:
        """Add the numbers from *first* to *last*, which are larger than all others."""
        ranges = self._ranges
        if ranges and ranges[-1][1] == first - 1:
            ranges[-1] = ranges[-1][0], last
        else:
            ranges.append((first, last))
        self.count += last - first + 1

    def remove(self, first: int, last: int) -> int:
        """Remove the numbers from *first* to *last*; return how many of them there were."""
        kept, before = list[tuple[int, int]](), self.count
        for start, end in self._ranges:
            if start > last or end < first:
                kept.append((start, end))
                continue
            self.count -= min(end, last) - max(start, first) + 1
            if start < first:
                kept.append((start, first - 1))
            if end > last:
                kept.append((last + 1, end))
        self._ranges = kept
        return before - self.count
