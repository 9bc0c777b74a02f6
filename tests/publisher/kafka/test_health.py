"""An outage is logged once at its start and once at its end, however often it is reported."""

from __future__ import annotations

import logging

import pytest
from confluent_kafka import KafkaError

from publisher.kafka.health import KafkaHealth, LibrdkafkaLog

REFUSED = KafkaError(KafkaError._TRANSPORT, "connection refused")
UNKNOWN_HOST = KafkaError(KafkaError._RESOLVE, "no such host")
ALL_DOWN = KafkaError(KafkaError._ALL_BROKERS_DOWN, "1/1 brokers are down")


@pytest.fixture(autouse=True)
def _all_levels(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)


def test_kafka_is_reachable_while_one_broker_of_several_is_down(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Kafka can be reached as long as not all brokers are down."""
    health = KafkaHealth("a:1,b:1")

    health.on_error(REFUSED)

    assert health.reachable
    assert caplog.messages == []


def test_an_outage_is_logged_once_with_its_cause(caplog: pytest.LogCaptureFixture) -> None:
    """Not once per attempt, and without librdkafka's count of brokers."""
    health = KafkaHealth("a:1")
    for _ in range(100):
        health.on_error(REFUSED)
        health.on_error(ALL_DOWN)

    assert not health.reachable
    assert caplog.messages == ["Kafka at a:1 cannot be reached: connection refused; trying again"]


def test_a_change_is_told_when_it_is_known() -> None:
    """First nothing is known; each further cause of an outage counts as a change."""
    changes: list[tuple[bool, str]] = []
    health = KafkaHealth("a:1", lambda responds, problem: changes.append((responds, problem)))
    health.answered()
    health.answered()
    health.on_error(ALL_DOWN)
    for error in (REFUSED, REFUSED, UNKNOWN_HOST):
        health.on_error(error)
    health.answered()

    refused, unknown = (
        f"Kafka at a:1 cannot be reached: {cause}; trying again"
        for cause in ("connection refused", "no such host")
    )
    assert changes == [(True, ""), (False, refused), (False, unknown), (True, "")]


def test_an_idle_connection_that_is_closed_and_reopened_is_no_outage(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """librdkafka then reports for a moment that all brokers are down, without a cause."""
    health = KafkaHealth("a:1")
    health.on_error(ALL_DOWN)
    health.answered()
    health.on_error(REFUSED)

    assert health.reachable
    assert caplog.messages == []


@pytest.mark.parametrize("errors", [[REFUSED, ALL_DOWN], [ALL_DOWN, REFUSED]])
def test_the_cause_may_be_reported_before_or_after_the_outage(
    caplog: pytest.LogCaptureFixture, errors: list[KafkaError]
) -> None:
    """The line is the same."""
    health = KafkaHealth("a:1")
    for error in errors:
        health.on_error(error)

    assert caplog.messages == ["Kafka at a:1 cannot be reached: connection refused; trying again"]


def test_another_cause_in_the_same_outage_is_logged_too(caplog: pytest.LogCaptureFixture) -> None:
    """Each cause once, however they alternate."""
    health = KafkaHealth("a:1")
    for _ in range(10):
        for error in (REFUSED, ALL_DOWN, UNKNOWN_HOST):
            health.on_error(error)

    assert [line.split(": ")[1] for line in caplog.messages] == [
        "connection refused; trying again",
        "no such host; trying again",
    ]


def test_the_end_of_an_outage_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    """Confirmations without an earlier outage are not logged."""
    health = KafkaHealth("a:1")
    health.answered()
    health.on_error(REFUSED)
    health.on_error(ALL_DOWN)
    health.answered()
    health.answered()

    assert health.reachable
    assert caplog.messages[1:] == ["Kafka at a:1 is back"]


def test_the_next_outage_is_logged_again(caplog: pytest.LogCaptureFixture) -> None:
    """Each outage has two lines of its own: its start and its end."""
    health = KafkaHealth("a:1")
    for _ in range(2):
        health.on_error(REFUSED)
        health.on_error(ALL_DOWN)
        health.answered()

    assert len(caplog.messages) == 4


def test_librdkafka_s_lines_about_connections_are_logged_at_debug(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """They appear for every attempt; KafkaHealth logs what matters of them."""
    LibrdkafkaLog().log(logging.ERROR, "%s [%s] %s", "FAIL", "producer-1", "connection refused")

    assert [record.levelno for record in caplog.records] == [logging.DEBUG]


def test_librdkafka_s_warnings_are_logged_at_a_bounded_rate(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """At first one of each facility, however many there are."""
    log = LibrdkafkaLog()
    for _ in range(100):
        log.log(logging.WARNING, "%s [%s] %s", "CONFWARN", "producer-1", "odd")
        log.log(logging.WARNING, "%s [%s] %s", "GETPID", "producer-1", "no producer id")

    assert [record.levelno for record in caplog.records] == [logging.WARNING] * 2
