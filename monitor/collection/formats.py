"""
Numbers, sizes and times as the live page and `top` show them.

monitor/web/static/formats.js does the same.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime

#: Shown where there is no figure.
NONE = "\N{EN DASH}"

_MS = 1
_S = 1000 * _MS
_MINUTE = 60 * _S
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR


def count(number: int) -> str:
    """Return *number* with a comma between thousands."""
    return f"{number:,}"


def rate(per_s: float) -> str:
    """Return a rate: with one digit after the point below 10, if it is not 0 there."""
    tenths = _rounded(per_s * 10)
    if tenths < 100 and tenths % 10:
        return f"{tenths // 10}.{tenths % 10}"
    return count(_rounded(per_s))


def size(number_of_bytes: int) -> str:
    """Return *number_of_bytes* in B, KiB, MiB or GiB."""
    value, unit = float(number_of_bytes), "B"
    for larger in ("KiB", "MiB", "GiB"):
        if value < 1024:
            break
        value, unit = value / 1024, larger
    return f"{rate(value)} {unit}"


def delay(seconds: float | None) -> str:
    """Return a delay in milliseconds, seconds or minutes."""
    if seconds is None:
        return NONE
    if seconds < 1:
        return f"{_rounded(seconds * _S)} ms"
    if seconds < 60:
        return f"{rate(seconds)} s"
    return duration(_rounded(seconds * _S))


def duration(milliseconds: int) -> str:
    """Return a length of time in its two largest units."""
    value = max(0, milliseconds)
    if value < _S:
        return f"{value} ms"
    if value < _MINUTE:
        return f"{value // _S} s"
    if value < _HOUR:
        return f"{value // _MINUTE} min {value % _MINUTE // _S} s"
    if value < _DAY:
        return f"{value // _HOUR} h {value % _HOUR // _MINUTE} min"
    return f"{value // _DAY} d {value % _DAY // _HOUR} h"


def ago(time_ms: int, now_ms: int) -> str:
    """Return how long before *now_ms* the Unix time *time_ms* was; `never` for 0."""
    if time_ms <= 0:
        return "never"
    passed = now_ms - time_ms
    if passed < -_S:
        return f"in {duration(-passed)}"
    if passed < _S:
        return "now"
    return f"{largest_unit(passed)} ago"


def lasting(since_ms: int, now_ms: int) -> str:
    """Return for how long something has been so that began at *since_ms*; empty for 0."""
    return f"for {largest_unit(now_ms - since_ms)}" if since_ms > 0 else ""


def largest_unit(milliseconds: int) -> str:
    """Return a length of time in its largest unit."""
    milliseconds = max(0, milliseconds)
    if milliseconds < _MINUTE:
        return f"{milliseconds // _S} s"
    if milliseconds < _HOUR:
        return f"{milliseconds // _MINUTE} min"
    if milliseconds < 2 * _DAY:
        return f"{milliseconds // _HOUR} h"
    return f"{milliseconds // _DAY} days"


def exact(time_ms: int) -> str:
    """Return the Unix time *time_ms* in UTC to the second; empty for 0, or beyond the calendar."""
    try:
        moment = datetime.fromtimestamp(time_ms / 1000, UTC)
    except (OverflowError, ValueError, OSError):
        return ""
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC" if time_ms > 0 else ""


def _rounded(number: float) -> int:
    # round() takes 2.5 to 2, JavaScript's Math.round to 3.
    return math.floor(number + 0.5)
