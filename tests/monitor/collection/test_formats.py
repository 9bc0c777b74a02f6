"""Numbers and times as the page shows them."""

from __future__ import annotations

import pytest

from monitor.collection import formats
from tests.monitor.snapshots import NOON_MS


@pytest.mark.parametrize(
    ("per_s", "text"),
    [
        (0, "0"),
        (0.04, "0"),
        (0.25, "0.3"),
        (3, "3"),
        (9.94, "9.9"),
        (9.97, "10"),
        (12345, "12,345"),
    ],
)
def test_rates(per_s: float, text: str) -> None:
    """Small ones have one digit after the point."""
    assert formats.rate(per_s) == text


@pytest.mark.parametrize(
    ("number_of_bytes", "text"),
    [
        (0, "0 B"),
        (1023, "1,023 B"),
        (1536, "1.5 KiB"),
        (34_567, "34 KiB"),
        (3 << 50, "3,145,728 GiB"),
    ],
)
def test_sizes(number_of_bytes: int, text: str) -> None:
    """Units are powers of 1,024."""
    assert formats.size(number_of_bytes) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, formats.NONE), (0.1205, "121 ms"), (1.25, "1.3 s"), (59, "59 s"), (90, "1 min 30 s")],
)
def test_delays(seconds: float | None, text: str) -> None:
    """No figure is a dash."""
    assert formats.delay(seconds) == text


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (-5, "0 ms"),
        (999, "999 ms"),
        (61_000, "1 min 1 s"),
        (3_660_000, "1 h 1 min"),
        (90_000_000, "1 d 1 h"),
    ],
)
def test_durations(milliseconds: int, text: str) -> None:
    """Two units are enough."""
    assert formats.duration(milliseconds) == text


@pytest.mark.parametrize(
    ("before_ms", "text"),
    [
        (0, "now"),
        (3_000, "3 s ago"),
        (150_000, "2 min ago"),
        (7_200_000, "2 h ago"),
        (5 * 86_400_000, "5 days ago"),
        (-65_000, "in 1 min 5 s"),
    ],
)
def test_moments(before_ms: int, text: str) -> None:
    """They are told from now on; a future one too."""
    assert formats.ago(NOON_MS - before_ms, NOON_MS) == text


def test_exact_times() -> None:
    """A page may hold any number: one that is no time gives no text."""
    assert formats.exact(NOON_MS) == "2026-11-27 12:00:00 UTC"
    assert formats.exact(0) == ""
    assert formats.exact(1 << 62) == ""
    assert formats.ago(0, NOON_MS) == "never"
    assert formats.lasting(0, NOON_MS) == ""
    assert formats.lasting(NOON_MS - 60_000, NOON_MS) == "for 1 min"
