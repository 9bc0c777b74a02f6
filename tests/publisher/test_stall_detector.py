"""When Kafka counts as stalled, and when that is logged."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial

import pytest

from publisher.stall_detector import StallDetector


def test_kafka_is_not_stalled_while_no_confirmation_is_outstanding() -> None:
    """Silence is not a stall if there is nothing to confirm."""
    detector = StallDetector(0.0, confirmed=5)

    _update(detector, 100.0, confirmed=5, unconfirmed=0)

    assert not detector.stalled


@pytest.mark.parametrize(
    ("at_s", "confirmed", "stalled"),
    [
        pytest.param(1.0, 0, False, id="just handed over"),
        pytest.param(3.0, 0, True, id="nothing for 3 s"),
        pytest.param(3.0, 1, False, id="something was confirmed"),
    ],
)
def test_kafka_is_stalled_when_outstanding_confirmations_do_not_arrive(
    at_s: float, confirmed: int, stalled: bool
) -> None:
    """A stall begins after 2 s without any confirmation; one confirmation ends it."""
    detector = StallDetector(0.0, confirmed=0)

    _update(detector, at_s, confirmed=confirmed)

    assert detector.stalled is stalled


def test_a_long_stall_and_its_end_are_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    """One line after 10 s, and one when confirmations arrive again."""
    caplog.set_level(logging.INFO)
    detector = StallDetector(0.0, confirmed=0)
    for second in range(1, 60):
        _update(detector, float(second), confirmed=0)
    _update(detector, 60.0, confirmed=10)
    _update(detector, 61.0, confirmed=20)

    assert [record.message for record in caplog.records] == [
        "Kafka can be reached, but has confirmed nothing for 11 s; 10 messages are waiting",
        "Kafka is confirming messages again",
    ]


def test_a_stall_is_not_logged_if_kafka_cannot_be_reached(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The outage is in the log already."""
    caplog.set_level(logging.INFO)
    detector = StallDetector(0.0, confirmed=0)

    _update(detector, 60.0, confirmed=0, reachable=False)

    assert detector.stalled
    assert caplog.records == []


def test_a_stall_whose_cause_is_known_is_logged_at_once(caplog: pytest.LogCaptureFixture) -> None:
    """With the cause, which is not looked for before the stall or after it was logged."""
    caplog.set_level(logging.INFO)
    detector = StallDetector(0.0, confirmed=0)
    looked_at = []

    def find_cause(second: int) -> str:
        looked_at.append(second)
        return "the cause" if second >= 5 else ""

    for second in range(1, 60):
        _update(detector, float(second), confirmed=0, find_cause=partial(find_cause, second))

    assert looked_at == [3, 4, 5]
    assert [record.message for record in caplog.records] == [
        "Kafka can be reached, but has confirmed nothing for 5 s; 10 messages are waiting: "
        "the cause",
    ]
    assert detector.problem == "Kafka can be reached, but confirms nothing: the cause"

    _update(detector, 12.0, confirmed=1)
    assert detector.problem == ""


def _update(
    detector: StallDetector,
    now: float,
    *,
    confirmed: int,
    unconfirmed: int = 10,
    reachable: bool = True,
    find_cause: Callable[[], str] = str,
) -> None:
    detector.update(
        now,
        confirmed=confirmed,
        unconfirmed=unconfirmed,
        reachable=reachable,
        find_cause=find_cause,
    )
