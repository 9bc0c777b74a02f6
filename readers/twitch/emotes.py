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

import re
from bisect import bisect_right

import msgspec

# Twitch allows 500 characters in a message. Longer numbers than these are nonsense, and Python
# refuses to read those of several thousand digits.
_EMOTE_RANGE = re.compile(r"[:,]([0-9]{1,6})-([0-9]{1,6})(?![^,/])")
_FLAGGED_RANGE = re.compile(r"(?<![^,])([0-9]{1,6})-([0-9]{1,6})(?![^,:])")

_decode_ranges = msgspec.json.Decoder(list[tuple[int, int]]).decode


def well_placed_emotes(emotes: str, text: str) -> list[str] | None:
    """
    Return what `emote_names` does of a tag whose ranges are all taken as they are (rule 1).

    In half of its time; of any other tag None. The tag must hold nothing but ASCII letters,
    digits and `_:/,-`. Never raises.
    """
    if not emotes:
        return []
    ranges = ",".join([emote.partition(":")[2] for emote in emotes.split("/")])
    try:
        # msgspec reads numbers several times as fast as Python does.
        places = _decode_ranges("[[" + ranges.replace(",", "],[").replace("-", ",") + "]]")
    except msgspec.DecodeError:
        return None
    if len(places) != _ranges_in(emotes):
        return None
    places.sort()
    names: list[str] = []
    taken = 0
    for first, last in places:
        name = text[first : last + 1]
        if first < taken or not name or " " in name:
            return None
        names.append(name)
        taken = last + 1
    return names if taken <= len(text) else None


def emote_names(emotes: str, text: str, flags: str) -> tuple[list[str], int]:
    """
    Return the emotes' names, one per use in the order of the text, and how many were skipped.

    `emotes` and `flags` are the values of those tags, `text` is what the positions count in: of a
    `/me` message the text inside the ACTION wrapper. Never raises, whatever the tags hold.
    """
    if not emotes:
        return [], 0
    flagged = _flagged_stops(flags) if flags else []
    uses: list[tuple[int, str]] = []
    for first, last in _EMOTE_RANGE.findall(emotes):
        start, stop = int(first), int(last) + 1
        name = text[start:stop]
        if stop > len(text) or " " in name:
            start, name = _shifted_left(start, stop, text, flagged)
        if name:
            uses.append((start, name))
    skipped = _ranges_in(emotes) - len(uses)
    uses.sort()
    names: list[str] = []
    taken = 0
    for start, name in uses:
        if start < taken:
            skipped += 1
        else:
            names.append(name)
            taken = start + len(name)
    return names, skipped


def _ranges_in(emotes: str) -> int:
    """Count what there is of ranges, readable or not: one follows each `:` and each `,`."""
    return emotes.count(":") + emotes.count(",")


def _flagged_stops(flags: str) -> list[int]:
    """Read `first-last:category.level/category.level,...` as the sorted stops of the ranges."""
    ranges = [(int(first), int(last) + 1) for first, last in _FLAGGED_RANGE.findall(flags)]
    return sorted(stop for start, stop in ranges if start < stop)


def _shifted_left(start: int, stop: int, text: str, flagged: list[int]) -> tuple[int, str]:
    """Find the emote whose range Twitch's count has moved to the right (rule 2), or nothing."""
    flagged_before = bisect_right(flagged, start)
    for shift in range(1, min(flagged_before, start) + 1):
        if _stands_free(start - shift, stop - shift, text):
            return start - shift, text[start - shift : stop - shift]
    return 0, ""


def _stands_free(start: int, stop: int, text: str) -> bool:
    return (
        start < stop <= len(text)
        and " " not in text[start:stop]
        and (start == 0 or text[start - 1] == " ")
        and (stop == len(text) or text[stop] == " ")
    )
