"""librdkafka's statistics: what a real producer tells, and totals that go on over producers."""

from __future__ import annotations

import copy
import json
import logging
import time
from collections.abc import Callable
from typing import Any

import pytest
from confluent_kafka import Producer

from common.status.publisher_status import SHOWN_BROKERS, BrokerFigures, KafkaFigures
from publisher.kafka.statistics import Statistics
from tests.kafka.cluster import KafkaCluster
from tests.topics import create_topic

_WITHIN_S = 20

_BROKER = {
    "nodename": "a:9092",
    "source": "learned",
    "state": "UP",
    "tx": 10,
    "txerrs": 1,
    "txretries": 2,
    "req_timeouts": 3,
    "rtt": {"p50": 1500, "p99": 250_000},
    "outbuf_latency": {"p50": 20, "p99": 4000},
    "throttle": {"p50": 0, "p99": 700},
}


def _text(producer: str = "p#producer-1", **changed: Any) -> str:
    statistics = {
        "name": producer,
        "msg_cnt": 5,
        "msg_size": 600,
        "msg_max": 100_000,
        "tx": 12,
        "tx_bytes": 3000,
        "brokers": {"a:9092/1": _BROKER},
        "topics": {"chat": {"batchcnt": {"avg": 40}}},
    }
    return json.dumps(statistics | changed)


def test_times_are_seconds() -> None:
    """librdkafka gives microseconds, and milliseconds for throttling."""
    statistics = Statistics(KafkaFigures())

    statistics.update(_text())

    figures = statistics.figures
    assert abs(figures.at_ms - time.time() * 1000) < 60_000
    assert (figures.queue_messages, figures.queue_bytes) == (5, 600)
    assert figures.queue_limit_messages == 100_000
    assert (figures.requests, figures.sent_bytes) == (12, 3000)
    assert figures.batch_messages == {"chat": 40.0}
    assert figures.brokers == [
        BrokerFigures("a:9092", True, 10, 1, 2, 3, 0.0015, 0.25, 0.00002, 0.004, 0.0, 0.7)
    ]


def test_totals_go_on_over_producers_and_restarts() -> None:
    """The second text of a producer replaces its first one; another producer's is added."""
    first = Statistics(KafkaFigures())
    first.update(_text(tx=3))
    first.update(_text())
    first.update(_text("p#producer-2"))
    assert first.figures.requests == 24
    assert first.figures.brokers[0].timeouts == 6

    after_restart = Statistics(copy.deepcopy(first.figures))
    assert after_restart.figures.requests == 24
    assert after_restart.figures.queue_messages == 0
    assert after_restart.figures.brokers == [BrokerFigures("a:9092", False, 20, 2, 4, 6)]
    after_restart.update(_text())

    assert (after_restart.figures.requests, after_restart.figures.sent_bytes) == (36, 9000)
    assert after_restart.figures.brokers[0].request_errors == 3


def test_a_broker_that_a_new_producer_does_not_know_yet_keeps_its_totals() -> None:
    """At first it knows only the bootstrap addresses."""
    statistics = Statistics(KafkaFigures())
    statistics.update(_text())
    statistics.update(_text("p#producer-2", brokers={}))
    assert statistics.figures.brokers == []

    statistics.update(_text("p#producer-2"))

    assert statistics.figures.brokers[0].requests == 20


def test_a_broker_that_has_left_the_cluster_and_is_back_keeps_its_totals() -> None:
    """The producer forgets it meanwhile, and does not count it in its sums any more."""
    statistics = Statistics(KafkaFigures())
    statistics.update(_text())
    statistics.update(_text(tx=2, tx_bytes=500, brokers={}))
    assert (statistics.figures.requests, statistics.figures.sent_bytes) == (12, 3000)
    assert statistics.figures.brokers == []

    back = _BROKER | {"tx": 4, "txerrs": 0, "txretries": 0, "req_timeouts": 1}
    for _ in range(2):
        statistics.update(_text(tx=6, tx_bytes=1500, brokers={"a:9092/1": back}))

    assert (statistics.figures.requests, statistics.figures.sent_bytes) == (16, 4000)
    [broker] = statistics.figures.brokers
    assert (broker.requests, broker.request_errors, broker.timeouts) == (14, 1, 4)


def test_a_broker_that_restarts_between_two_statistics_keeps_its_totals() -> None:
    """It was never seen to be gone, only to count less."""
    statistics = Statistics(KafkaFigures())
    statistics.update(_text())
    statistics.update(_text(tx=5, brokers={"a:9092/1": _BROKER | {"tx": 3, "txerrs": 0}}))
    assert statistics.figures.requests == 12
    assert statistics.figures.brokers[0].requests == 13
    assert statistics.figures.brokers[0].request_errors == 1


def test_only_the_busiest_brokers_of_the_cluster_are_shown() -> None:
    """The page has room for so many; bootstrap addresses and the internal broker are none."""
    learned = {
        f"b{number}:9092/{number}": _BROKER | {"nodename": f"b{number}:9092", "tx": number}
        for number in range(SHOWN_BROKERS + 1)
    }
    others = {
        name: _BROKER | {"nodename": name, "source": source, "tx": 1000}
        for name, source in {"x": "configured", ":0/internal": "internal", "y": "logical"}.items()
    }
    statistics = Statistics(KafkaFigures())

    statistics.update(_text(brokers=learned | others))

    assert [broker.name for broker in statistics.figures.brokers] == [
        f"b{number}:9092" for number in range(SHOWN_BROKERS, 0, -1)
    ]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("[1]", id="another type"),
        pytest.param('{"name": "p', id="cut off"),
        pytest.param(_text(msg_cnt=-1), id="a negative count"),
        pytest.param(_text(tx=2**64), id="too large for the page"),
        pytest.param(_text().replace('"a:9092"', json.dumps("a" * 300)), id="a long name"),
        pytest.param("\ud800", id="no text"),
    ],
)
def test_a_text_that_cannot_be_read_changes_nothing(
    text: str, caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged, once an hour at most."""
    caplog.set_level(logging.WARNING)
    statistics = Statistics(KafkaFigures())
    statistics.update(_text())
    before = copy.deepcopy(statistics.figures)

    statistics.update(text)
    statistics.update(text)

    assert statistics.figures == before
    assert [record.message[:40] for record in caplog.records] == [
        "cannot read librdkafka's statistics, so "
    ]


def test_a_real_producer_tells_what_it_has_sent(kafka: KafkaCluster, topic: str) -> None:
    """Each broker has its address and its connection's state."""
    create_topic(kafka.bootstrap, topic, partitions=2)
    statistics = Statistics(KafkaFigures())
    producer = Producer(
        {
            "bootstrap.servers": kafka.bootstrap,
            "statistics.interval.ms": 50,
            "stats_cb": statistics.update,
        }
    )
    for number in range(100):
        producer.produce(topic, b"value", str(number).encode())
    assert producer.flush(_WITHIN_S) == 0
    _poll_until(producer, lambda: any(one.requests for one in statistics.figures.brokers))
    # The first statistics may be of a moment before the messages were sent.
    _poll_until(producer, lambda: statistics.figures.sent_bytes > 100 * len(b"value"))

    figures = statistics.figures
    assert figures.requests >= max(broker.requests for broker in figures.brokers)
    assert figures.sent_bytes > 100 * len(b"value")
    assert figures.queue_limit_messages > 0
    assert any(broker.is_up for broker in figures.brokers)
    assert topic in figures.batch_messages
    assert {broker.name for broker in figures.brokers} & set(kafka.bootstrap.split(","))


def _poll_until(producer: Producer, is_done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _WITHIN_S
    while not is_done():
        assert time.monotonic() < deadline, "no statistics"
        producer.poll(0.1)
