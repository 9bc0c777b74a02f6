"""
Which emotes a message holds, out of the positions Twitch sends in its `emotes` tag.

The tag is `id:first-last,first-last/id:first-last`: positions of Unicode code points in the text,
from 0, both ends included, grouped by emote and not in the order of the text
(https://dev.twitch.tv/docs/chat/irc/#privmsg-tags).

1. A range inside the text whose slice holds no space is taken as it is. It need not stand
   between spaces: `Kreygasm,Kreygasm` is two emotes.
2. Twitch counts wrong in some texts that are not ASCII: each part that AutoMod flagged (the
   `flags` tag) before an emote moves the emote's range one to the right. A range that leaves the
   text, or whose slice holds a space, is therefore tried one to the left for each part flagged
   before it, and the first slice that stands between spaces or the text's ends is taken.
3. Whatever cannot be read, is not in the text or overlaps an earlier emote is skipped and counted.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# Twitch allows 500 characters in a message. Longer numbers than this are nonsense, and Python
# refuses to read those of several thousand digits.
_MAX_RANGE_LENGTH = len("100000-100000")


def emote_names(emotes: str, text: str, flags: str) -> tuple[list[str], int]:
    """
    Return the emotes' names, one per use in the order of the text, and how many were skipped.

    `emotes` and `flags` are the values of those tags, `text` is what the positions count in: of a
    `/me` message the text inside the ACTION wrapper. Never raises, whatever the tags hold.
    """
    if not emotes:
        return [], 0
    flagged = _flagged_stops(flags)
    uses: list[tuple[int, int]] = []
    skipped = 0
    for positions in _ranges(emotes):
        use = _parse_range(positions)
        if use and (use[1] > len(text) or " " in text[use[0] : use[1]]):
            use = _shifted_left(use, text, flagged)
        if use:
            uses.append(use)
        else:
            skipped += 1
    uses.sort()
    names: list[str] = []
    taken = 0
    for start, stop in uses:
        if start < taken:
            skipped += 1
        else:
            names.append(text[start:stop])
            taken = stop
    return names, skipped


def _ranges(emotes: str) -> Iterator[str]:
    for emote in emotes.split("/"):
        ranges = emote.partition(":")[2]
        # None in the first half of an old id that has a slash of its own, such as `80481_/3`.
        if ranges:
            yield from ranges.split(",")


def _parse_range(positions: str) -> tuple[int, int] | None:
    """Read `first-last` as the start and the stop of a slice."""
    first, _, last = positions.partition("-")
    if (
        len(positions) > _MAX_RANGE_LENGTH
        or not positions.isascii()
        or not first.isdecimal()
        or not last.isdecimal()
    ):
        return None
    start, stop = int(first), int(last) + 1
    return (start, stop) if start < stop else None


def _flagged_stops(flags: str) -> list[int]:
    """Read `first-last:category.level/category.level,...` as the sorted stops of the ranges."""
    if not flags:
        return []
    ranges = (_parse_range(flag.partition(":")[0]) for flag in flags.split(","))
    return sorted(flagged[1] for flagged in ranges if flagged)


def _shifted_left(use: tuple[int, int], text: str, flagged: list[int]) -> tuple[int, int] | None:
    """Find the emote whose range Twitch's count has moved to the right (rule 2)."""
    flagged_before = bisect_right(flagged, use[0])
    for shift in range(1, min(flagged_before, use[0]) + 1):
        start, stop = use[0] - shift, use[1] - shift
        if _stands_free(start, stop, text):
            return start, stop
    return None


def _stands_free(start: int, stop: int, text: str) -> bool:
    return (
        stop <= len(text)
        and " " not in text[start:stop]
        and (start == 0 or text[start - 1] == " ")
        and (stop == len(text) or text[stop] == " ")
    )
