"""
Finds topics that Kafka cannot write to because brokers are missing.

librdkafka retries such a write and reports nothing, because it may succeed at any time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import wait

from confluent_kafka import KafkaException
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AdminClient,
    ConfigResource,
    PartitionMetadata,
)

from publisher.kafka.admin import admin_client

_RESPONSE_TIMEOUT_S = 1.0
_MIN_IN_SYNC = "min.insync.replicas"


def too_few_replicas(topics: Iterable[str], properties: Mapping[str, str]) -> str:
    """
    Return which of *topics* cannot be written to, and what to do; empty if there are none.

    *properties* are those of the connection. Where Kafka does not let us read a topic's
    configuration, a partition without some of its replicas counts.
    """
    admin = admin_client(properties)
    problems = []
    for name in topics:
        try:
            topic = admin.list_topics(name, timeout=_RESPONSE_TIMEOUT_S).topics[name]
        except KafkaException:
            return ""
        if problem := _problem(topic.partitions, _least_in_sync(admin, name)):
            problems.append(f"topic {name}, {problem}")
    return "; ".join(problems)


def _least_in_sync(admin: AdminClient, topic: str) -> int | None:
    """Return the topic's min.insync.replicas; None if we may not know."""
    resource = ConfigResource(ConfigResource.Type.TOPIC, topic)
    (future,) = admin.describe_configs([resource], request_timeout=_RESPONSE_TIMEOUT_S).values()
    wait([future])
    try:
        return int(future.result()[_MIN_IN_SYNC].value)
    except (KafkaException, KeyError):
        return None


def _problem(partitions: Mapping[int, PartitionMetadata], least: int | None) -> str:
    """Return what is wrong with the first partition that cannot be written to."""
    for number, partition in partitions.items():
        replicas, in_sync = set(partition.replicas), set(partition.isrs)
        where = f"partition {number}"
        if partition.leader < 0:
            return f"{where} has no leader: start a broker that has it ({_brokers(replicas)})"
        if len(in_sync) < min(least or len(replicas), len(replicas)):
            return (
                f"{where} has too few in-sync replicas, {len(in_sync)} of {len(replicas)}, and "
                f"{_MIN_IN_SYNC} is {least or 'unknown'}: "
                f"start or repair what is missing ({_brokers(replicas - in_sync)})"
            )
        # Since Kafka 4.0, such a topic only needs all of its replicas.
        if len(replicas) < (least or 0):
            return (
                f"{where} has too few replicas for Kafka before 4.0, {len(replicas)}, and "
                f"{_MIN_IN_SYNC} is {least}: lower it, or add replicas"
            )
    return ""


def _brokers(numbers: Iterable[int]) -> str:
    return f"brokers {', '.join(map(str, sorted(numbers)))}"
