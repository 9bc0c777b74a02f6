"""The line that sums up what the publisher has done."""

from __future__ import annotations

from publisher.counters import Counters


def test_only_what_has_happened_is_in_the_summary() -> None:
    """Counts that are zero would hide the others."""
    counters = Counters(taken=12, confirmed=10)
    counters.malformed["unknown version"] += 3

    assert counters.summary() == (
        "12 messages taken; 10 confirmed by Kafka; 3 frames dropped, unknown version"
    )


def test_a_publisher_that_has_done_nothing_says_so() -> None:
    """Never an empty line."""
    assert Counters().summary() == "nothing yet"
