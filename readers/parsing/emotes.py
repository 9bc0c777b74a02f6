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
from bisect import bisect_left, bisect_right

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
    if not emotes:
        return [], 0
    uses, skipped = _uses(emotes, text, flags)
    return [name for _, name, _ in uses], skipped


def emote_ranges(emotes: str, text: str, flags: str, offset: int = 0) -> tuple[EmoteRange, ...]:
    """
    Return where the emotes are that `emote_names` returns for the same arguments, in text order.

    The ranges count from *offset*, a place in *text*, and do not include what is before it, nor
    emotes with an id of more than 100 characters. Never raises, whatever the tags hold.
    """
    if not emotes:
        return ()
    uses, _ = _uses(emotes, text, flags)
    places = [found.start() for found in _EMOTE_RANGE.finditer(emotes)]
    return tuple(
        EmoteRange(emote_id, name, start - offset, start - offset + len(name))
        for start, name, number in uses
        if start >= offset and len(emote_id := _emote_id(emotes, places[number])) <= _LONGEST_ID
    )


def _uses(emotes: str, text: str, flags: str) -> tuple[list[tuple[int, str, int]], int]:
    """
    Return start and name of each use, and which range in *emotes* it is, from 0; and the number of
    skipped ranges.
    """
    flagged = _flagged_stops(flags) if flags else []
    words = _words(text) if flagged else {}
    # Names are cut out at the end: those of ranges that overlap may together be many megabytes.
    uses: list[tuple[int, int, int]] = []
    for number, (first, last) in enumerate(_EMOTE_RANGE.findall(emotes)):
        start, stop = int(first), int(last) + 1
        if stop > len(text) or text.find(" ", start, stop) >= 0:
            length = stop - start
            start = _shifted_left(start, words.get(length, []), bisect_right(flagged, start))
            stop = start + length
        if 0 <= start < stop:
            uses.append((start, stop, number))
    skipped = _ranges_in(emotes) - len(uses)
    uses.sort()
    kept: list[tuple[int, str, int]] = []
    taken = 0
    for start, stop, number in uses:
        if start < taken:
            skipped += 1
        else:
            kept.append((start, text[start:stop], number))
            taken = stop
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


def _words(text: str) -> dict[int, list[int]]:
    """Return by length where the words are that stand between spaces or the text's ends."""
    words: dict[int, list[int]] = {}
    start = 0
    for word in text.split(" "):
        words.setdefault(len(word), []).append(start)
        start += len(word) + 1
    return words


def _shifted_left(start: int, words: list[int], most: int) -> int:
    """
    Return the last place in *words* before *start*, -1 if it is more than *most* positions before.

    *words* are the places of the words that are as long as the emote, as rule 2 has it.
    """
    before = bisect_left(words, start)
    return words[before - 1] if before and start - words[before - 1] <= most else -1
