"""When tokens are renewed, and how durations are written."""

from __future__ import annotations

import pytest

from auth.schedule import (
    DAY_S,
    in_words,
    renewal_due_at,
    warnings_passed,
)

HOUR_S = 3600.0


@pytest.mark.parametrize(
    ("life_s", "before_s"),
    [
        (4 * HOUR_S, 24 * 60),  # the last tenth of its life is earlier
        (100 * 60, 10 * 60),  # both are the same
        (HOUR_S, 10 * 60),  # 10 minutes are earlier
        (15 * 60, 7.5 * 60),  # 10 minutes would be in its first half
        (20, 10),
    ],
)
def test_a_token_is_renewed_at_its_last_tenth_or_10_minutes_before_expiry(
    life_s: float, before_s: float
) -> None:
    """Whichever is earlier, but not in the first half of its life."""
    assert renewal_due_at(1000.0, 1000.0 + life_s, chance=0.0) == 1000.0 + life_s - before_s


def test_jitter_brings_renewal_forward_only() -> None:
    """By at most half of the time that would be left."""
    due = [renewal_due_at(0.0, 4 * HOUR_S, chance) / 60 for chance in (0.0, 0.5, 1.0)]
    assert due == [240 - 24, 240 - 30, 240 - 36]
    assert renewal_due_at(0.0, 20.0, 1.0) == 10.0


def test_an_expired_token_is_due_for_renewal() -> None:
    """Even if it was obtained after its expiry."""
    assert renewal_due_at(0.0, 100.0, 0.0) < 100
    assert renewal_due_at(100.0, 0.0, 0.0) <= 100


def test_warnings_are_due_7_days_and_1_day_before_expiry() -> None:
    """The result is the number of warnings that are due."""
    assert [warnings_passed(days * DAY_S) for days in (8, 7.01, 7, 2, 1, 0.5, -1)] == [
        *(0, 0),
        *(1, 1),
        *(2, 2, 2),
    ]
    assert warnings_passed(float("inf")) == 0


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-5, "0 seconds"),
        (0.9, "0 seconds"),
        (1, "1 second"),
        (59.9, "59 seconds"),
        (60, "1 minute"),
        (121, "2 minutes 1 second"),
        (14_399, "3 hours 59 minutes"),
        (14_400, "4 hours"),
        (DAY_S + 3599, "1 day"),
        (7 * DAY_S - 1, "6 days 23 hours"),
    ],
)
def test_durations_are_written_in_words(seconds: float, words: str) -> None:
    """With two units at most."""
    assert in_words(seconds) == words
