"""How long something lasts."""

from __future__ import annotations

import pytest

from publisher.tail.durations import duration


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "0 s"),
        (0, "0 s"),
        (12, "12 s"),
        (90, "1 min 30 s"),
        (600, "10 min"),
        (5400, "1 h 30 min"),
        (3605, "1 h"),
        (86_400, "1 d"),
        (1_209_600, "14 d"),
        (93_784, "1 d 2 h"),
    ],
)
def test_two_units_are_enough(seconds: int, text: str) -> None:
    """The largest, and the one below it if it is not 0."""
    assert duration(seconds) == text
