"""
Find the emotes in a message from the positions in Twitch's `emotes` tag.

The tag is `id:first-last,first-last/id:first-last`. Positions count Unicode code points of the
text, from 0, both ends included. They are grouped by emote, not in text order
(https://dev.twitch.tv/docs/chat/irc/#privmsg-tags).

1. A range inside the text whose slice holds no space is used unchanged. It need not stand
   between spaces: `Kreygasm,Kreygasm` is two emotes.
2. Twitch miscounts in some non-ASCII texts: each part before an emote that AutoMod flagged (the
   `flags` tag) shifts the emote's range one position to the right. So if a range leaves the text,
   or its slice holds a space, it is shifted left again, up to one position for each flagged part
   before it. The first slice that stands between spaces or the text's ends is used.
3. A range that is invalid, outside the text or overlaps an earlier emote is skipped and counted.
"""

from __future__ import annotations

import re
from bisect import bisect_right

import msgspec

from common.extended_message import EmoteRange

# Twitch allows 500 characters in a message, so longer numbers are invalid. int() raises
# ValueError for several thousand digits.
_EMOTE_RANGE = re.compile(r"[:,]([0-9]{1,6})-([0-9]{1,6})(?![^,/])")
_FLAGGED_RANGE = re.compile(r"(?<![^,])([0-9]{1,6})-([0-9]{1,6})(?![^,:])")

# Twitch's longest have 41 characters. Each range repeats its id, so with long ids, a line would
# become a record of many megabytes.
_LONGEST_ID = 100

_decode_ranges = msgspec.json.Decoder(list[tuple[int, int]]).decode


def well_placed_emotes(emotes: str, text: str) -> list[str] | None:
    """
    Return the names that `emote_names` returns, in half the time, or None.

    None means that rule 1 does not apply to all ranges. The tag *emotes* must hold only ASCII
    letters, digits and `_:/,-`. Never raises.
    """
    if not emotes:
        return []
    ranges = ",".join([emote.partition(":")[2] for emote in emotes.split("/")])
    try:
        # msgspec parses numbers several times as fast as int().
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


def well_placed_ranges(emotes: str, text: str) -> tuple[list[str], tuple[EmoteRange, ...]] | None:
    """
    Return what `emote_names` and `emote_ranges` return, in half the time, or None.

    For the same arguments, `well_placed_emotes` returns the same names, or None. Never raises.
    """
    places: list[tuple[int, int, str]] = []
    for emote in emotes.split("/"):
        emote_id, _, ranges = emote.partition(":")
        if len(emote_id) > _LONGEST_ID:
            return None
        try:
            decoded = _decode_ranges("[[" + ranges.replace(",", "],[").replace("-", ",") + "]]")
        except msgspec.DecodeError:
            return None
        # A loop: most emotes have one range or two.
        for first, last in decoded:
            places.append((first, last, emote_id))
    if len(places) != _ranges_in(emotes):
        return None
    places.sort()
    names: list[str] = []
    found: list[EmoteRange] = []
    taken = 0
    for first, last, emote_id in places:
        stop = last + 1
        name = text[first:stop]
        if first < taken or not name or " " in name:
            return None
        names.append(name)
        found.append(EmoteRange(emote_id, name, first, stop))
        taken = stop
    return (names, tuple(found)) if taken <= len(text) else None


def emote_names(emotes: str, text: str, flags: str) -> tuple[list[str], int]:
    """
    Return the emotes' names, one per use in text order, and the number of skipped ranges.

    *emotes* and *flags* are the values of those tags. The positions refer to *text*; for a `/me`
    message, that is the text inside the ACTION wrapper. Never raises, whatever the tags hold.
    """
    uses, skipped = _uses(emotes, text, flags)
    return [name for _, name, _ in uses], skipped


def emote_ranges(emotes: str, text: str, flags: str, offset: int = 0) -> tuple[EmoteRange, ...]:
    """
    Return where the emotes are that `emote_names` returns for the same arguments, in text order.

    The ranges count from *offset*, a place in *text*, and do not include what is before it, nor
    emotes with an id of more than 100 characters. Never raises, whatever the tags hold.
    """
    uses, _ = _uses(emotes, text, flags)
    return tuple(
        EmoteRange(emote_id, name, start - offset, start - offset + len(name))
        for start, name, at in uses
        if start >= offset and len(emote_id := _emote_id(emotes, at)) <= _LONGEST_ID
    )


def _uses(emotes: str, text: str, flags: str) -> tuple[list[tuple[int, str, int]], int]:
    """Return start, name and position in *emotes* of each use, and the number of skipped ranges."""
    if not emotes:
        return [], 0
    flagged = _flagged_stops(flags) if flags else []
    uses: list[tuple[int, str, int]] = []
    for found in _EMOTE_RANGE.finditer(emotes):
        start, stop = int(found[1]), int(found[2]) + 1
        name = text[start:stop]
        if stop > len(text) or " " in name:
            start, name = _shifted_left(start, stop, text, flagged)
        if name:
            uses.append((start, name, found.start()))
    skipped = _ranges_in(emotes) - len(uses)
    uses.sort()
    kept: list[tuple[int, str, int]] = []
    taken = 0
    for use in uses:
        start, name, _ = use
        if start < taken:  # also one that would begin before the text
            skipped += 1
        else:
            kept.append(use)
            taken = start + len(name)
    return kept, skipped


def _emote_id(emotes: str, at: int) -> str:
    """
    Return the id of the emote whose range begins at *at*, at the `:` or `,` before it.

    An id may hold a `/`, as `80481_/3` does: only the first one after a range ends a list.
    """
    before = emotes[: max(emotes.rfind(":", 0, at + 1), 0)]
    _, colon, last = before.rpartition(":")
    return last.partition("/")[2] if colon else last


def _ranges_in(emotes: str) -> int:
    """Count the ranges, valid or not: one follows each `:` and each `,`."""
    return emotes.count(":") + emotes.count(",")


def _flagged_stops(flags: str) -> list[int]:
    """Return the sorted exclusive ends of `first-last:category.level/category.level,...`."""
    ranges = [(int(first), int(last) + 1) for first, last in _FLAGGED_RANGE.findall(flags)]
    return sorted(stop for start, stop in ranges if start < stop)


def _shifted_left(start: int, stop: int, text: str, flagged: list[int]) -> tuple[int, str]:
    """
    Return the start and name of an emote shifted by rule 2, or 0 and "" if there is none.

    The start may be negative: that emote is outside the text.
    """
    flagged_before = bisect_right(flagged, start)
    for shift in range(1, flagged_before + 1):
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
