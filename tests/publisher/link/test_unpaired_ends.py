"""Which connections for batches ended without their reader."""

from __future__ import annotations

import pytest

from publisher.link.unpaired_ends import WITHIN_S, UnpairedEnds


@pytest.mark.parametrize("first", ["batches", "acknowledgements"])
def test_a_reader_that_stops_ends_both(first: str) -> None:
    """In either order, a moment after one another."""
    ends = UnpairedEnds()
    of = {"batches": ends.on_batches_ended, "acknowledgements": ends.on_acknowledgements_ended}
    of.pop(first)(10.0)
    assert ends.take(10.1) == 0
    of.popitem()[1](10.2)
    assert ends.take(10.2) == 0
    assert ends.take(99.0) == 0
    assert not ends


def test_one_connection_that_ends_is_told_once() -> None:
    """After the time in which the other one would have ended too."""
    ends = UnpairedEnds()
    ends.on_batches_ended(10.0)
    assert ends
    assert ends.take(10.0 + WITHIN_S) == 0
    assert ends.take(10.1 + WITHIN_S) == 1
    assert not ends
    assert ends.take(99.0) == 0


def test_of_many_readers_only_those_that_stay_are_told() -> None:
    """A hundred stop in a second; the connections of three others end before, meanwhile, after."""
    ends = UnpairedEnds()
    alone = 0
    ends.on_batches_ended(0.0)
    for number in range(100):
        now = 10.0 + number / 100
        ends.on_batches_ended(now)
        if number == 50:
            ends.on_batches_ended(now)
        ends.on_acknowledgements_ended(now + 0.001)
        alone += ends.take(now + 0.001)
    ends.on_batches_ended(20.0)
    assert alone + ends.take(30.0) == 3


def test_an_old_end_of_acknowledgements_pairs_with_nothing() -> None:
    """It was that of a connection whose reader connected again."""
    ends = UnpairedEnds()
    ends.on_acknowledgements_ended(0.0)
    ends.on_batches_ended(10.0)
    assert ends.take(20.0) == 1
