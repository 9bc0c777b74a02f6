"""When Kafka counts as stalled, and when that is said."""

from __future__ import annotations

import logging

import pytest

from publisher.stall_detector import StallDetector


def test_kafka_is_not_stalled_while_nothing_is_owed() -> None:
    """Silence is no stall when there is nothing to confirm."""
    progress = StallDetector(0.0, confirmed=5)

    progress.update(100.0, confirmed=5, unconfirmed=0, reachable=True)

    assert not progress.stalled


@pytest.mark.parametrize(
    ("at_s", "confirmed", "stalled"),
    [
        pytest.param(1.0, 0, False, id="just handed over"),
        pytest.param(3.0, 0, True, id="nothing for 3 s"),
        pytest.param(3.0, 1, False, id="something was confirmed"),
    ],
)
def test_kafka_is_stalled_when_what_is_owed_does_not_come(
    at_s: float, confirmed: int, stalled: bool
) -> None:
    """Two seconds without any confirmation make a stall, one confirmation ends it."""
    progress = StallDetector(0.0, confirmed=0)

    progress.update(at_s, confirmed=confirmed, unconfirmed=10, reachable=True)

    assert progress.stalled is stalled


def test_a_long_stall_and_its_end_are_said_once(caplog: pytest.LogCaptureFixture) -> None:
    """One line after ten seconds, and one when confirmations come again."""
    caplog.set_level(logging.INFO)
    progress = StallDetector(0.0, confirmed=0)
    for second in range(1, 60):
        progress.update(float(second), confirmed=0, unconfirmed=10, reachable=True)
    progress.update(60.0, confirmed=10, unconfirmed=5, reachable=True)
    progress.update(61.0, confirmed=20, unconfirmed=5, reachable=True)

    assert [record.message for record in caplog.records] == [
        "Kafka can be reached, but has confirmed nothing for 11 s; 10 messages are waiting",
        "Kafka is confirming messages again",
    ]


def test_a_stall_of_a_kafka_that_cannot_be_reached_is_not_said(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """That it cannot be reached was said already."""
    caplog.set_level(logging.INFO)
    progress = StallDetector(0.0, confirmed=0)

    progress.update(60.0, confirmed=0, unconfirmed=10, reachable=False)

    assert progress.stalled
    assert caplog.records == []
