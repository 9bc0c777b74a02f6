"""Which publisher is sent to: the first in the order that is there, and not for a moment only."""

from __future__ import annotations

import pytest

from readers.link.failover import SETTLED_AFTER_S, SILENT_FOR_S, Failover


class Heard:
    """A choice between publishers, and who of them announces itself every second."""

    def __init__(self, publishers: int) -> None:
        self.now = 100.0
        self.failover = Failover(publishers, self.now)

    def for_seconds(self, seconds: float, *publishers: int) -> int:
        """Have so many *seconds* go by in which *publishers* are heard; return who is chosen."""
        for _ in range(int(seconds)):
            self.now += 1
            for publisher in publishers:
                self.failover.on_received(publisher, self.now)
            self.failover.current = self.failover.preferred(self.now)
        return self.failover.current


@pytest.fixture
def heard() -> Heard:
    """Return a choice between three publishers, at the first."""
    return Heard(3)


def test_the_first_is_sent_to_while_it_is_heard(heard: Heard) -> None:
    """Whoever else is."""
    assert heard.for_seconds(60, 0, 1, 2) == 0


def test_after_ten_seconds_of_silence_the_next_one_takes_its_place(heard: Heard) -> None:
    """Not sooner."""
    assert heard.for_seconds(SILENT_FOR_S, 1, 2) == 0
    assert heard.for_seconds(1, 1, 2) == 1


def test_one_that_is_not_heard_is_passed_over(heard: Heard) -> None:
    """The next but one is chosen."""
    assert heard.for_seconds(SILENT_FOR_S + 1, 2) == 2


def test_nobody_is_turned_to_while_nobody_is_heard(heard: Heard) -> None:
    """The first to be heard is chosen then."""
    assert heard.for_seconds(300) == 0
    assert heard.for_seconds(1, 2) == 2


def test_an_earlier_one_is_returned_to_once_it_has_settled(heard: Heard) -> None:
    """One that comes and goes is not."""
    heard.for_seconds(SILENT_FOR_S + 1, 1)
    for _ in range(5):
        assert heard.for_seconds(SETTLED_AFTER_S - 1, 0, 1) == 1
        assert heard.for_seconds(SETTLED_AFTER_S - 1, 1) == 1
    assert heard.for_seconds(SETTLED_AFTER_S, 0, 1) == 1
    assert heard.for_seconds(1, 0, 1) == 0


def test_a_later_one_is_not_turned_to_for_being_there(heard: Heard) -> None:
    """Only silence makes a reader go down the order."""
    heard.for_seconds(SILENT_FOR_S + 1, 1)
    assert heard.for_seconds(60, 1, 2) == 1


def test_after_the_last_comes_the_first(heard: Heard) -> None:
    """Even if it has not settled yet: the present one is silent."""
    heard.for_seconds(SILENT_FOR_S + 1, 2)
    assert heard.for_seconds(SILENT_FOR_S, 2) == 2
    heard.for_seconds(SILENT_FOR_S - 1)
    assert heard.for_seconds(2, 0) == 0


def test_with_one_publisher_there_is_no_choice() -> None:
    """It is sent to for ever."""
    assert Heard(1).for_seconds(300) == 0
