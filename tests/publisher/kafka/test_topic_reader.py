"""The ends of a topic's partitions, one request each."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest
from confluent_kafka import Consumer, Producer

from publisher.kafka.topic_reader import open_consumer, watermarks
from tests.kafka.cluster import KafkaCluster
from tests.topics import create_topic

_PARTITIONS = 3


@pytest.fixture
def consumer(real_kafka: KafkaCluster, topic: str) -> Iterator[Consumer]:
    """Yield a consumer in a cluster whose *topic* has three partitions, and a record in one."""
    create_topic(real_kafka.bootstrap, topic, partitions=_PARTITIONS)
    producer = Producer({"bootstrap.servers": real_kafka.bootstrap})
    producer.produce(topic, b"{}", partition=1)
    assert producer.flush(10) == 0
    properties = {"bootstrap.servers": real_kafka.bootstrap, "client.id": "test"}
    with closing(open_consumer(properties, "read_committed")) as found:
        yield found


def test_the_caller_is_asked_before_each_request(consumer: Consumer, topic: str) -> None:
    """A publisher notes then that it turns: Kafka may need seconds for each partition."""
    asked = []

    def go_on() -> bool:
        asked.append(True)
        return True

    assert watermarks(consumer, topic, go_on) == {0: (0, 0), 1: (0, 1), 2: (0, 0)}
    assert len(asked) == _PARTITIONS


def test_a_caller_that_must_stop_need_not_wait_for_all(consumer: Consumer, topic: str) -> None:
    """A topic may have many partitions."""
    answers = iter((True, False))
    assert watermarks(consumer, topic, lambda: next(answers)) is None
