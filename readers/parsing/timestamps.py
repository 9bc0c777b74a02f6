"""When a message or an event was sent. No I/O, no clock."""

from __future__ import annotations

from readers.parsing.numbers import whole_number

# September 2001. Twitch sends times such as `-6795364578871`, too.
_FIRST_MS = 10**12
_HOUR_MS = 3_600_000


def message_time_ms(sent: str, now_ms: int) -> int:
    """
    Return when Twitch sent a message: Unix time in milliseconds.

    *sent* is the value of the tag `tmi-sent-ts`. If it is no time, returns *now_ms*, when the
    message was received.
    """
    # Kafka clients treat a timestamp of 0 as missing.
    return whole_number(sent) or now_ms


def event_time_ms(sent: str, now_ms: int) -> int:
    """
    Return when Twitch sent an event: Unix time in milliseconds.

    *sent* is the value of the tag `tmi-sent-ts`. If it is no time, is before September 2001 or more
    than an hour after *now_ms*, returns *now_ms*, when the event was received.
    """
    sent_ms = whole_number(sent)
    if sent_ms is None or not _FIRST_MS <= sent_ms <= now_ms + _HOUR_MS:
        return now_ms
    return sent_ms
