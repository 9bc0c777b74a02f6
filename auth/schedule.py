"""Computes when to validate and renew a token, and when to warn that it expires."""

from __future__ import annotations

#: "Your app must validate the OAuth token when it starts and on an hourly basis thereafter":
#: https://dev.twitch.tv/docs/authentication/validate-tokens/
VALIDATE_EVERY_S = 3600.0

#: Seconds before expiry at which a token is renewed, or a tenth of its life if that is longer.
RENEW_BEFORE_S = 600.0

#: Longest first and longest last delay between attempts while Twitch cannot be reached.
RETRY_FIRST_S = 2.0
RETRY_LAST_S = 60.0

DAY_S = 86_400.0

#: Seconds before the expiry of a static token at which to warn, the earliest warning first.
WARN_BEFORE_S = (7 * DAY_S, DAY_S)


def renewal_due_at(obtained_at: float, expires_at: float, chance: float) -> float:
    """
    Return when to renew a token. All times are Unix seconds.

    *chance*, 0 to 1, lengthens the time before expiry by up to half, so that logins made together
    are not renewed together. The result is never in the first half of the token's life: a token of
    a few minutes would be renewed all the time.
    """
    life_s = expires_at - obtained_at
    before_s = max(RENEW_BEFORE_S, life_s / 10) * (1 + chance / 2)
    return max(expires_at - before_s, obtained_at + life_s / 2)


def warnings_passed(left_s: float) -> int:
    """Return how many warnings are due for a token that expires in *left_s* seconds."""
    return sum(left_s <= before_s for before_s in WARN_BEFORE_S)


def in_words(seconds: float) -> str:
    """Return a duration in words, such as `3 hours 59 minutes`."""
    left = max(0, int(seconds))
    for size_s, unit, next_size_s, next_unit in (
        (86_400, "day", 3600, "hour"),
        (3600, "hour", 60, "minute"),
        (60, "minute", 1, "second"),
    ):
        if left >= size_s:
            rest = left % size_s // next_size_s
            return _count(left // size_s, unit) + (f" {_count(rest, next_unit)}" if rest else "")
    return _count(left, "second")


def _count(count: int, unit: str) -> str:
    return f"{count} {unit}" if count == 1 else f"{count} {unit}s"
