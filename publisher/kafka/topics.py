"""Makes sure that the topics exist before batches are received."""

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

#: Seconds that a request to Kafka may block; a signal does not interrupt it.
_RESPONSE_TIMEOUT_S = 0.5
#: Seconds without a response before it is logged; librdkafka may report the cause earlier.
_LOG_AFTER_S = 5.0
_CREATE_TIMEOUT_S = 10.0
_RETRY_S = 0.5
_RETRY_REFUSED_MAX_S = 30.0


@dataclass(frozen=True)
class Topic:
    """A topic that the publisher needs, and what to create it with if it is missing."""

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
    Wait until all *topics* exist, and create missing ones; return False when asked to stop.

    All must exist now. If a topic were found missing only when a record needs it, every channel
    would stall, at a time when nobody is watching.

    *producer* looks them up; an admin client with *properties* creates them. Each problem is logged
    once. Retries go on indefinitely: every second while Kafka does not respond, and with a delay
    that grows to 30 s while it refuses.
    """
    log_at = time.monotonic() + _LOG_AFTER_S
    delay_s = 0.0
    logged: dict[str, str] = {}
    while not stop.wait(delay_s):
        try:
            missing = _missing(topics, producer)
        except KafkaException as error:
            producer.poll(0)  # librdkafka reports the cause here, if it knows it
            if health.reachable and time.monotonic() > log_at:
                health.unreachable(_kafka_error(error))
            delay_s = _RETRY_S
            continue
        producer.poll(0)  # its reports are older than the response
        health.answered()
        if not missing:
            return True
        refused = _create(missing, properties, stop)
        _log_refused(
            [topic for topic in missing if topic.name in refused], refused, logged, properties
        )
        delay_s = min(max(delay_s, _RETRY_S) * 2, _RETRY_REFUSED_MAX_S) if refused else 0.1
    return False


def _missing(topics: Sequence[Topic], producer: Producer) -> list[Topic]:
    """Return the *topics* that Kafka does not have, or hides. Raises KafkaException."""
    missing = []
    for topic in topics:
        found = producer.list_topics(topic.name, timeout=_RESPONSE_TIMEOUT_S).topics[topic.name]
        error = found.error
        if error is not None and error.code() != KafkaError.LEADER_NOT_AVAILABLE:
            missing.append(topic)
    return missing


def _create(
    topics: Sequence[Topic], properties: Mapping[str, str], stop: StopSignals
) -> dict[str, str]:
    """Create *topics*; return the reasons of those that Kafka refused, by name."""
    admin = AdminClient({**properties, "log_level": "0"})
    futures = admin.create_topics(
        [
            # -1 is the broker's default replication factor, which fits the cluster's size.
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


def _log_refused(
    topics: Sequence[Topic],
    refused: Mapping[str, str],
    logged: dict[str, str],
    properties: Mapping[str, str],
) -> None:
    """Log why Kafka refuses to create *topics*, except for reasons that are *logged* already."""
    for topic in topics:
        reason = refused[topic.name]
        if logged.get(topic.name) != reason:
            config = "".join(f" --config {name}={value}" for name, value in topic.config.items())
            logger.error(
                "topic %s does not exist, or is hidden, and Kafka does not let us create it: %s; "
                "waiting for it. To create it: kafka-topics.sh --bootstrap-server %s --create "
                "--topic %s --partitions %d%s",
                topic.name,
                reason,
                properties["bootstrap.servers"],
                topic.name,
                topic.partitions,
                config,
            )
            logged[topic.name] = reason


def _kafka_error(error: BaseException) -> KafkaError:
    """Return the KafkaError in *error*; raise *error* if it has none."""
    inner = error.args[0]
    if not isinstance(inner, KafkaError):
        raise error
    return inner
