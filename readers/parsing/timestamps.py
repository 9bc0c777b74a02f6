"""When an event happened. No I/O, no clock."""

from __future__ import annotations

# September 2001. Twitch sends times such as `-6795364578871`, too.
_FIRST_MS = 10**12
_HOUR_MS = 3_600_000

# As many as the largest times of this millennium have.
_MAX_DIGITS = 14


def event_time_ms(sent: str, now_ms: int) -> int:
    """
    Return when Twitch sent an event: Unix time in milliseconds.

    *sent* is the value of the tag `tmi-sent-ts`. If it is no time, is before September 2001 or more
    than an hour after *now_ms*, returns *now_ms*, when the event was received.
    """
    # Check the length first: int() raises ValueError for several thousand digits.
    if len(sent) <= _MAX_DIGITS and sent.isascii() and sent.isdecimal():
        sent_ms = int(sent)
        if _FIRST_MS <= sent_ms <= now_ms + _HOUR_MS:
            return sent_ms
    return now_ms
