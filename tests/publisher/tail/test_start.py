"""The times that `tail --since` takes."""

from __future__ import annotations

from argparse import ArgumentTypeError

import pytest

from publisher.tail.start import since

#: 2026-01-31, 18:00 UTC.
_NOW_S = 1_769_882_400.0


@pytest.mark.usefixtures("_in_tokyo")
@pytest.mark.parametrize(
    ("text", "ago_s"),
    [
        ("90s", 90),
        ("10m", 600),
        ("2h", 7200),
        ("1d", 86_400),
        ("0s", 0),
        ("2026-01-31T17:00Z", 3600),
        ("2026-01-31T17:00:00+00:00", 3600),
        ("2026-02-01T02:00", 3600),
        ("2026-02-01", 10_800),
    ],
)
def test_a_duration_or_a_time_is_a_moment(text: str, ago_s: int) -> None:
    """A time without a zone is local."""
    assert since(text, _NOW_S) == (_NOW_S - ago_s) * 1000


def test_a_moment_before_1970_is_the_beginning() -> None:
    """Kafka takes negative times for something else."""
    assert since("999999999d", _NOW_S) == 0
    assert since("1950-01-01T00:00Z", _NOW_S) == 0


@pytest.mark.parametrize("text", ["", "10", "m", "-5m", "1.5h", "10 m", "10M", "tomorrow", "1w"])
def test_what_is_neither_is_refused(text: str) -> None:
    """With examples of both."""
    with pytest.raises(ArgumentTypeError, match=r"is neither a duration \(90s, 10m, 2h, 1d\)"):
        since(text, _NOW_S)


def test_the_future_is_refused() -> None:
    """Nothing would be printed until then."""
    with pytest.raises(ArgumentTypeError, match="is in the future"):
        since("2026-01-31T18:01Z", _NOW_S)
