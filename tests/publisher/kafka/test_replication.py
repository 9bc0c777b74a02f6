"""Topics get the replication factor that is set; one without replicas is named, once."""

from __future__ import annotations

import json
import logging
import re
import shlex
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AdminClient,
    BrokerMetadata,
    ClusterMetadata,
    PartitionMetadata,
    TopicMetadata,
)

from publisher.kafka.health import KafkaHealth
from publisher.kafka.replication import unreplicated
from publisher.kafka.topics import RequiredTopics, Topic
from publisher.stop_signals import StopSignals
from tests.kafka.broker import KafkaBroker, kafka_broker
from tests.processes import StartProcess, wait_for, wait_for_line
from tests.publisher.peer import start_publisher
from tests.topics import create_topic

_WARNING = "has replication factor 1 on a cluster of 3 brokers"


@pytest.fixture
def three_brokers(own_kafka: KafkaBroker) -> Iterator[KafkaBroker]:
    """Yield the first of three brokers of one cluster."""
    with ExitStack() as stack:
        for number in (2, 3):
            follower = kafka_broker(short_lived=True, leader=own_kafka, number=number)
            stack.enter_context(follower)
        admin = AdminClient({"bootstrap.servers": own_kafka.bootstrap})
        wait_for(lambda: len(admin.list_topics(timeout=60).brokers) == 3, 60, "three brokers")
        yield own_kafka


def test_created_topics_have_the_replication_factor_that_is_set(
    processes: StartProcess, three_brokers: KafkaBroker, topic: str
) -> None:
    """All of them, the progress topic too. Nothing is left to warn of."""
    settings = {
        "KAFKA_TOPIC_REPLICATION": "3",
        "DELIVERY": "exactly-once",
        "KAFKA_TOPIC_PROGRESS": f"{topic}-progress",
    }
    publisher = start_publisher(processes, three_brokers.bootstrap, topic, settings)
    wait_for_line(publisher.process, "is ready: session", 30)

    for name in (topic, *(f"{topic}-{kind}" for kind in ("events", "gaps", "dead", "progress"))):
        assert {len(replicas) for replicas in _replicas(three_brokers, name)} == {3}, name
    assert _WARNING not in publisher.process.output()


def test_a_replication_factor_that_the_cluster_cannot_have_is_named(
    processes: StartProcess, own_kafka: KafkaBroker, topic: str
) -> None:
    """With what helps. A command that creates the topic would fail, too."""
    settings = {"KAFKA_TOPIC_REPLICATION": "3"}
    publisher = start_publisher(processes, own_kafka.bootstrap, topic, settings)
    wait_for_line(
        publisher.process,
        rf"ERROR .*topic {topic} does not exist, and Kafka does not let us create it: .*"
        r"waiting for it\. Lower KAFKA_TOPIC_REPLICATION, or start more brokers$",
        30,
    )


def test_a_topic_without_replicas_is_named_once_with_what_adds_them(
    three_brokers: KafkaBroker, topic: str, caplog: pytest.LogCaptureFixture
) -> None:
    """One that existed and one that was created with the cluster's default, in two sessions."""
    caplog.set_level(logging.WARNING)
    create_topic(three_brokers.bootstrap, topic, partitions=4)
    properties = {"bootstrap.servers": three_brokers.bootstrap}
    created = f"{topic}-created"
    with StopSignals() as stop:
        topics = RequiredTopics(
            [Topic(topic, 4, None), Topic(created, 2, None), Topic(f"{topic}-three", 1, 3)],
            properties=properties,
            has_permissions=True,
            health=KafkaHealth(three_brokers.bootstrap),
            stop=stop,
            explain=lambda _: None,
        )
        for _ in range(2):
            assert topics.wait(Producer(properties), lambda: None)

    texts = [record.message for record in caplog.records if _WARNING in record.message]
    assert [text.split()[1] for text in texts] == [topic, created]
    for text, partitions in zip(texts, (4, 2), strict=True):
        _check_reassignment(text, partitions)


def test_a_partition_whose_broker_is_down_gets_its_replicas_on_others() -> None:
    """Of four brokers, three are there. Its own broker stays the first, for when it is back."""
    found, partition, topic = ClusterMetadata(), PartitionMetadata(), TopicMetadata()
    found.brokers = {number: BrokerMetadata() for number in (1, 2, 3)}
    partition.replicas = [4]
    topic.topic, topic.partitions = "chat", {0: partition}
    found.topics = {"chat": topic}

    command = re.search(r"echo (\S+)", unreplicated(found, "chat", "kafka:9092"))

    assert command
    (wanted,) = json.loads(shlex.split(command[1])[0])["partitions"]
    assert wanted == {"topic": "chat", "partition": 0, "replicas": [4, 1, 2]}


def _check_reassignment(text: str, partitions: int) -> None:
    """The commands can be pasted, and give each partition three brokers, its own first."""
    found = re.search(r"To change it: (echo .* --execute)\. For topics", text)
    assert found is not None
    words = shlex.split(found[1])
    assert words[2] == ">"
    assert words[3] == words[words.index("--reassignment-json-file") + 1]
    wanted = json.loads(words[1])["partitions"]
    assert [one["partition"] for one in wanted] == list(range(partitions))
    assert all(sorted(one["replicas"]) == [1, 2, 3] for one in wanted)


def _replicas(broker: KafkaBroker, topic: str) -> list[list[int]]:
    admin = AdminClient({"bootstrap.servers": broker.bootstrap})
    partitions = admin.list_topics(topic, timeout=10).topics[topic].partitions
    return [partition.replicas for partition in partitions.values()]
