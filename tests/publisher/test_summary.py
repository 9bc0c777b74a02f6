"""The publisher's summary line."""

from __future__ import annotations

from dataclasses import fields

from publisher.counters import Counters


def test_the_summary_has_only_counts_above_zero() -> None:
    """Zeros would make the line hard to read."""
    counters = Counters(taken=12, confirmed=10)
    counters.malformed["unknown version"] += 3

    assert counters.summary() == (
        "12 messages taken; 10 confirmed by Kafka; 3 frames dropped, unknown version"
    )


def test_a_count_of_one_is_in_the_singular() -> None:
    """Also a count of one reason."""
    counters = Counters(taken=1, connections_ended=1)
    counters.refused["out of sequence"] += 1

    assert counters.summary() == (
        "1 message taken; 1 connection ended; 1 batch refused, out of sequence"
    )


def test_the_numbers_have_all_counts_and_only_the_reasons_that_occurred() -> None:
    """A field that comes and goes would be hard to plot."""
    counters = Counters(taken=12)
    counters.connections_refused.update({"unknown key": 2, "no reader": 0})
    numbers = counters.numbers()
    assert numbers["taken"] == 12
    assert numbers["confirmed"] == 0
    assert numbers["connections_refused"] == {"unknown key": 2}
    assert numbers.keys() == {each.name for each in fields(counters)}


def test_the_summary_is_never_empty() -> None:
    """Also if nothing has happened."""
    assert Counters().summary() == "no messages since the start"
