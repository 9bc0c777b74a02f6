"""The numbers of the records in an outbox, as a few ranges: counted without reading the file."""

from __future__ import annotations

from collections.abc import Iterable


class HeldNumbers:
    """Numbers in ascending order. Some are missing where a boot or an eviction skipped them."""

    def __init__(self, ranges: Iterable[tuple[int, int]] = ()) -> None:
        """*ranges* are first and last numbers, in ascending order."""
        self.ranges = list(ranges)
        #: How many numbers there are.
        self.count = sum(last - first + 1 for first, last in self.ranges)

    @property
    def last(self) -> int:
        """The largest number, 0 if there is none."""
        return self.ranges[-1][1] if self.ranges else 0

    def add(self, first: int, last: int) -> None:
        """Add the numbers from *first* to *last*, which are larger than all others."""
        ranges = self.ranges
        if ranges and ranges[-1][1] == first - 1:
            ranges[-1] = ranges[-1][0], last
        else:
            ranges.append((first, last))
        self.count += last - first + 1

    def remove(self, first: int, last: int) -> int:
        """Remove the numbers from *first* to *last*; return how many of them there were."""
        if len(self.ranges) == 1 and self.ranges[0][0] >= first and self.ranges[0][1] <= last:
            # The usual case: everything is acknowledged.
            removed, self.count = self.count, 0
            self.ranges.clear()
            return removed
        kept, before = list[tuple[int, int]](), self.count
        for start, end in self.ranges:
            if start > last or end < first:
                kept.append((start, end))
                continue
            self.count -= min(end, last) - max(start, first) + 1
            if start < first:
                kept.append((start, first - 1))
            if end > last:
                kept.append((last + 1, end))
        self.ranges = kept
        return before - self.count
