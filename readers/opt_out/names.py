"""A set of names that takes little memory: a thousand readers have one each."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable


class Names:
    """
    Some names, which can be asked for but not listed.

    It keeps 8 bytes of each name, its hash; a frozenset takes 100 bytes. Of about two hundred
    million million names that are not in a set of 100,000, one is taken for one that is.
    """

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._hashes = array("q", sorted(map(hash, names)))

    def __contains__(self, name: object) -> bool:
        wanted = hash(name)
        place = bisect_left(self._hashes, wanted)
        return place < len(self._hashes) and self._hashes[place] == wanted

    def __len__(self) -> int:
        return len(self._hashes)
