"""Sees to it that the topics are there before anything is taken from a reader."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import wait
from dataclasses import dataclass, field

from confluent_kafka import KafkaError, KafkaException, Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from publisher.kafka.health import KafkaHealth
from publisher.stop_signals import StopSignals

logger = logging.getLogger(__name__)

#: Seconds in which a question to Kafka is not interrupted by a signal.
_ANSWER_TIMEOUT_S = 0.5
#: Seconds without an answer that are no news; librdkafka itself may know better before.
_PATIENCE_S = 5.0
_CREATE_TIMEOUT_S = 10.0
_RETRY_S = 0.5
_RETRY_REFUSED_MAX_S = 30.0


@dataclass(frozen=True)
class Topic:
    """A topic that the publisher needs, and what it is made with if it is not there."""

    name: str
    partitions: int
    config: Mapping[str, str] = field(default_factory=dict)


def wait_for_topics(
    topics: Sequence[Topic],
    *,
    producer: Producer,
    properties: Mapping[str, str],
    health: KafkaHealth,
    stop: StopSignals,
) -> bool:
    """
    Wait until all *topics* exist, creating those that do not; return False when asked to stop.

    All of them have to: a topic that is found missing only when a record needs it would hold up
    every channel, at a time when nobody watches.

    *producer* asks for them; an admin client with *properties* creates them. What hinders is said
    once, and tried again for ever: every second where Kafka does not answer, with a delay that
    grows to 30 s where it refuses.
    """
    patience_ends = time.monotonic() + _PATIENCE_S
    delay_s = 0.0
    said: dict[str, str] = {}
    while not stop.wait(delay_s):
        try:
            missing = _missing(topics, producer)
        except KafkaException as error:
            producer.poll(0)  # where librdkafka knows the cause, it says so here
            if health.reachable and time.monotonic() > patience_ends:
                health.unreachable(_kafka_error(error))
            delay_s = _RETRY_S
            continue
        producer.poll(0)  # what it has to tell is older than the answer
        health.answered()
        if not missing:
            return True
        refused = _create(missing, properties, stop)
        _tell([topic for topic in missing if topic.name in refused], refused, said, properties)
        delay_s = min(max(delay_s, _RETRY_S) * 2, _RETRY_REFUSED_MAX_S) if refused else 0.1
    return False


def _missing(topics: Sequence[Topic], producer: Producer) -> list[Topic]:
    """Return those of *topics* that Kafka does not have, or hides. Raises KafkaException."""
    missing = []
    for topic in topics:
        found = producer.list_topics(topic.name, timeout=_ANSWER_TIMEOUT_S).topics[topic.name]
        error = found.error
        if error is not None and error.code() != KafkaError.LEADER_NOT_AVAILABLE:
            missing.append(topic)
    return missing


def _create(
    topics: Sequence[Topic], properties: Mapping[str, str], stop: StopSignals
) -> dict[str, str]:
    """Have Kafka create *topics*; return by name why it did not."""
    admin = AdminClient({**properties, "log_level": "0"})
    futures = admin.create_topics(
        [
            # -1 is the broker's own default, which knows how many brokers there are.
            NewTopic(topic.name, topic.partitions, -1, config=dict(topic.config))
            for topic in topics
        ],
        request_timeout=_CREATE_TIMEOUT_S,
    )
    while not stop.requested and wait(futures.values(), timeout=0.2).not_done:
        pass
    refused = {}
    for topic in topics:
        future = futures[topic.name]
        if not future.done():
            continue
        error = future.exception()
        if error is None:
            logger.info("topic %s created, partitions: %d", topic.name, topic.partitions)
        elif _kafka_error(error).code() != KafkaError.TOPIC_ALREADY_EXISTS:
            refused[topic.name] = _kafka_error(error).str()
    return refused


def _tell(
    topics: Sequence[Topic],
    refused: Mapping[str, str],
    said: dict[str, str],
    properties: Mapping[str, str],
) -> None:
    """Say why Kafka does not let us create *topics*, but for what was *said* already."""
    for topic in topics:
        reason = refused[topic.name]
        if said.get(topic.name) != reason:
            config = "".join(f" --config {name}={value}" for name, value in topic.config.items())
            logger.error(
                "topic %s does not exist, or is hidden, and Kafka does not let us create it: %s; "
                "waiting for it. Who may: kafka-topics.sh --bootstrap-server %s --create "
                "--topic %s --partitions %d%s",
                topic.name,
                reason,
                properties["bootstrap.servers"],
                topic.name,
                topic.partitions,
                config,
            )
            said[topic.name] = reason


def _kafka_error(error: BaseException) -> KafkaError:
    """Return what librdkafka says in *error*."""
    inner = error.args[0]
    if not isinstance(inner, KafkaError):
        raise error
    return inner
