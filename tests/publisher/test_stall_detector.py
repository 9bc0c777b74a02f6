"""When Kafka counts as stalled, and when that is logged."""

from __future__ import annotations

import logging

import pytest

from publisher.stall_detector import StallDetector


def test_kafka_is_not_stalled_while_no_confirmation_is_outstanding() -> None:
    """Silence is not a stall if there is nothing to confirm."""
    detector = StallDetector(0.0, confirmed=5)

    detector.update(100.0, confirmed=5, unconfirmed=0, reachable=True)

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

    detector.update(at_s, confirmed=confirmed, unconfirmed=10, reachable=True)

    assert detector.stalled is stalled


def test_a_long_stall_and_its_end_are_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    """One line after 10 s, and one when confirmations arrive again."""
    caplog.set_level(logging.INFO)
    detector = StallDetector(0.0, confirmed=0)
    for second in range(1, 60):
        detector.update(float(second), confirmed=0, unconfirmed=10, reachable=True)
    detector.update(60.0, confirmed=10, unconfirmed=5, reachable=True)
    detector.update(61.0, confirmed=20, unconfirmed=5, reachable=True)

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

    detector.update(60.0, confirmed=0, unconfirmed=10, reachable=False)

    assert detector.stalled
    assert caplog.records == []
