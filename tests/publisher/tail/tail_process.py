"""Runs `tail`, and reads what it prints."""

from __future__ import annotations

import json
from typing import Any

from confluent_kafka import Producer

from tests.kafka.cluster import KafkaCluster
from tests.processes import (
    Process,
    StartProcess,
    python_module,
)


def start_tail(
    processes: StartProcess, cluster: KafkaCluster, topic: str, *arguments: str
) -> Process:
    """Start `tail --json` for *topic* and those of its events, gaps and dead letters."""
    return processes(
        python_module("publisher", "tail", "--json", *arguments), topic_settings(cluster, topic)
    )


def topic_settings(cluster: KafkaCluster, topic: str) -> dict[str, str]:
    """Return the settings for *topic* and those of its events, gaps and dead letters."""
    return {
        "KAFKA_BROKERS": cluster.bootstrap,
        "KAFKA_TOPIC_CHAT_MESSAGES": topic,
        "KAFKA_TOPIC_CHAT_EVENTS": f"{topic}-events",
        "KAFKA_TOPIC_CHAT_GAPS": f"{topic}-gaps",
        "KAFKA_TOPIC_DEAD_LETTERS": f"{topic}-dead",
    }


def produce(
    cluster: KafkaCluster,
    topic: str,
    numbers: range,
    *,
    channel: tuple[str, str] = ("key", "alpha"),
    timestamp: int = 0,
    partition: int = 0,
) -> None:
    """Produce numbered messages of *channel*, an id and a name, to *partition*."""
    producer = Producer({"bootstrap.servers": cluster.bootstrap})
    key, name = channel
    for number in numbers:
        producer.produce(
            topic,
            b'{"number":%d}' % number,
            key,
            partition,
            timestamp=timestamp,
            headers=[("reader", f"{name}/0123456789abcdef"), ("seq", str(number))],
        )
    assert producer.flush(20) == 0


def objects(process: Process) -> list[dict[str, Any]]:
    """Return the objects that were printed."""
    return [json.loads(line) for line in process.output().splitlines() if line.startswith("{")]


def numbers(process: Process) -> list[int]:
    """Return the numbers of the messages that were printed."""
    lines = process.output().splitlines()
    return [json.loads(line)["number"] for line in lines if line.startswith("{")]
