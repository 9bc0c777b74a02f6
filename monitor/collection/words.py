"""Puts figures into words."""

from __future__ import annotations

from collections.abc import Sequence

from monitor.collection import formats


def count(number: int, noun: str) -> str:
    """Return *number* and *noun*, such as `1 message` or `1,204 messages`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def names(found: Sequence[str]) -> str:
    """Return the first two of *found*, and how many more there are."""
    if len(found) <= 2:
        return " and ".join(found)
    more = len(found) - 2
    return f"{found[0]}, {found[1]} and {more:,} more"


def duration(milliseconds: float) -> str:
    """Return a time in words, such as `12 s`, `3 minutes` or `2 days 1 hour`."""
    seconds = max(0, round(milliseconds / 1000))
    if seconds < 60:
        return f"{seconds} s"
    minutes = seconds // 60
    if minutes < 60:
        return count(minutes, "minute")
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return count(hours, "hour") + (f" {count(minutes, 'minute')}" if minutes else "")
    days, hours = divmod(hours, 24)
    return count(days, "day") + (f" {count(hours, 'hour')}" if hours else "")


def rate(per_s: float) -> str:
    """Return a number of messages per second, such as `26 messages/s` or `0.3 messages/s`."""
    return f"{formats.rate(per_s)} messages/s"
