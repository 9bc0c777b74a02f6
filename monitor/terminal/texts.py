"""Short texts for a terminal: numbers, times, and what others have written."""

from __future__ import annotations

_UNKNOWN = "-"

_MINUTE_MS = 60_000
_HOUR_MS = 60 * _MINUTE_MS
_DAY_MS = 24 * _HOUR_MS


def printable(text: str) -> str:
    """
    Return *text* with each character that is not shown, but obeyed, as a replacement character.

    A terminal obeys escape sequences, which begin with ESC or a character from U+0080 to U+009F,
    and some characters change the direction of the text after them.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def duration(milliseconds: int) -> str:
    """Return *milliseconds* in its largest unit: "12 s", "5 min", "3 h" or "2 d"."""
    if milliseconds < _MINUTE_MS:
        return f"{max(0, milliseconds) // 1000} s"
    if milliseconds < _HOUR_MS:
        return f"{milliseconds // _MINUTE_MS} min"
    if milliseconds < 2 * _DAY_MS:
        return f"{milliseconds // _HOUR_MS} h"
    return f"{milliseconds // _DAY_MS} d"


def age(then_ms: int, now_ms: int) -> str:
    """Return how long ago *then_ms* was, "-" for 0, which means never."""
    return duration(now_ms - then_ms) if then_ms else _UNKNOWN


def delay(seconds: float | None) -> str:
    """Return *seconds* as "120 ms", "1.2 s" or longer; "-" for None."""
    if seconds is None:
        return _UNKNOWN
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:.1f} s" if seconds < 60 else duration(round(seconds * 1000))


def number(value: int) -> str:
    """Return *value* with its thousands separated."""
    return f"{value:,}"


def rate(per_s: float) -> str:
    """Return *per_s* with one decimal, unless it is large."""
    return f"{per_s:,.1f}" if per_s < 100 else f"{per_s:,.0f}"


def size(byte_count: int) -> str:
    """Return *byte_count* in KiB, MiB or GiB."""
    kibibytes = byte_count / 1024
    if kibibytes < 1024:
        return f"{kibibytes:.0f} KiB"
    mebibytes = kibibytes / 1024
    return f"{mebibytes:.1f} MiB" if mebibytes < 1024 else f"{mebibytes / 1024:.1f} GiB"
