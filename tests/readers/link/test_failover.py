"""Which publisher a reader sends to: the first in order that keeps responding."""

from __future__ import annotations

import pytest

from readers.link.failover import SETTLED_AFTER_S, SILENT_FOR_S, Failover
from readers.link.go_back_n import AWAY_AFTER_S


class FailoverDriver:
    """Drives a Failover second by second, with announcements of some publishers."""

    def __init__(self, publishers: int) -> None:
        self.now = 100.0
        self.failover = Failover(publishers, self.now)

    def for_seconds(self, seconds: float, *publishers: int) -> int:
        """Let *seconds* pass while *publishers* announce themselves; return the chosen one."""
        for _ in range(int(seconds)):
            self.now += 1
            for publisher in publishers:
                self.failover.on_received(publisher, self.now)
            self.failover.current = self.failover.preferred(self.now)
        return self.failover.current


@pytest.fixture
def driver() -> FailoverDriver:
    """Return a driver with three publishers that starts with the first."""
    return FailoverDriver(3)


def test_the_first_publisher_is_used_while_it_responds(driver: FailoverDriver) -> None:
    """Even if the others respond too."""
    assert driver.for_seconds(60, 0, 1, 2) == 0


def test_after_ten_seconds_of_silence_the_next_publisher_is_used(driver: FailoverDriver) -> None:
    """Not sooner."""
    assert driver.for_seconds(SILENT_FOR_S, 1, 2) == 0
    assert driver.for_seconds(1, 1, 2) == 1


def test_a_silent_publisher_is_skipped(driver: FailoverDriver) -> None:
    """The next one in order is chosen."""
    assert driver.for_seconds(SILENT_FOR_S + 1, 2) == 2


def test_the_next_publisher_is_the_one_after_the_current(driver: FailoverDriver) -> None:
    """Not an earlier one that responds, too, but has not settled."""
    driver.for_seconds(SILENT_FOR_S + 1, 1)
    driver.for_seconds(SILENT_FOR_S)
    assert driver.for_seconds(1, 0, 2) == 2


def test_without_any_announcement_the_choice_stays(driver: FailoverDriver) -> None:
    """The first publisher to respond is chosen then."""
    assert driver.for_seconds(300) == 0
    assert driver.for_seconds(1, 2) == 2


def test_an_earlier_publisher_is_used_again_once_it_has_settled(driver: FailoverDriver) -> None:
    """Not if it keeps disappearing."""
    driver.for_seconds(SILENT_FOR_S + 1, 1)
    for _ in range(5):
        assert driver.for_seconds(SETTLED_AFTER_S - 1, 0, 1) == 1
        assert driver.for_seconds(SETTLED_AFTER_S - 1, 1) == 1
    assert driver.for_seconds(SETTLED_AFTER_S, 0, 1) == 1
    assert driver.for_seconds(1, 0, 1) == 0


def test_a_later_publisher_is_not_used_just_because_it_responds(driver: FailoverDriver) -> None:
    """The reader switches to a later one only if the current one is silent."""
    driver.for_seconds(SILENT_FOR_S + 1, 1)
    assert driver.for_seconds(60, 1, 2) == 1


def test_after_the_last_publisher_comes_the_first(driver: FailoverDriver) -> None:
    """Even if it has not settled yet, because the current one is silent."""
    driver.for_seconds(SILENT_FOR_S + 1, 2)
    assert driver.for_seconds(SILENT_FOR_S, 2) == 2
    driver.for_seconds(SILENT_FOR_S - 1)
    assert driver.for_seconds(2, 0) == 0


def test_an_earlier_publisher_that_died_is_not_used_again(driver: FailoverDriver) -> None:
    """Although it had responded for long before that."""
    assert driver.for_seconds(60, 0, 1) == 0
    assert driver.for_seconds(SILENT_FOR_S + 1, 1) == 1
    for _ in range(30):
        assert driver.for_seconds(1, 1) == 1


def test_the_time_before_a_silence_does_not_count(driver: FailoverDriver) -> None:
    """An earlier publisher has to respond for SETTLED_AFTER_S after it was silent."""
    driver.for_seconds(60, 0, 1)
    driver.for_seconds(SILENT_FOR_S + 1, 1)
    for _ in range(int(SETTLED_AFTER_S)):
        assert driver.for_seconds(1, 0, 1) == 1
    assert driver.for_seconds(2, 0, 1) == 0


def test_a_publisher_responds_until_it_was_silent_for_longer_than_away_after_s() -> None:
    """To the moment: announcements come every second, but may be late."""
    failover = Failover(2, 0.0)
    failover.on_received(1, 20.0)
    assert failover.preferred(20.0 + AWAY_AFTER_S) == 1
    assert failover.preferred(20.0 + AWAY_AFTER_S + 0.1) == 0
    failover.current = 1
    for number in range(4):
        failover.on_received(0, 30.0 + number * AWAY_AFTER_S)
        failover.on_received(1, 30.0 + number * AWAY_AFTER_S)
    assert failover.preferred(30.0 + 3 * AWAY_AFTER_S) == 0


def test_a_single_publisher_is_used_indefinitely() -> None:
    """Even if it is silent."""
    assert FailoverDriver(1).for_seconds(300) == 0
