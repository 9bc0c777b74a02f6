"""Remembers since when something is so."""

from __future__ import annotations

from collections.abc import Hashable


class Since:
    """Since when things are so that are asked about in each round."""

    def __init__(self) -> None:
        self._since: dict[Hashable, int] = {}
        self._asked: set[Hashable] = set()
        self._at_ms = 0

    def begin(self, at_ms: int) -> None:
        """Begin a round at *at_ms*. What was not asked about in the last one is not so any more."""
        self._since = {
            key: min(since, at_ms) for key, since in self._since.items() if key in self._asked
        }
        self._asked.clear()
        self._at_ms = at_ms

    def of(self, key: Hashable, told_ms: int = 0) -> int:
        """
        Return since when *key* is so, which it is now, in Unix milliseconds.

        *told_ms* is a moment that it is known to be so from, 0 for none: the earlier one counts.
        """
        self._asked.add(key)
        known = self._since.get(key, self._at_ms)
        since = self._since[key] = min(known, told_ms) if told_ms else known
        return since
