"""Kafka in a process of its own, with all topics of the service."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from benchmarks.installation import PARTITIONS, TOPIC
from tests.kafka.broker import kafka_broker
from tests.processes import python_module, started_processes, wait_for_line
from tests.topics import create_topic

#: The topic of the gaps.
GAPS = f"{TOPIC}-gaps"

_TOPICS = (TOPIC, GAPS, f"{TOPIC}-events", f"{TOPIC}-dead-letters")
_START_WITHIN_S = 60.0


class Kafka(NamedTuple):
    """A Kafka that runs."""

    brokers: str
    pid: int


@contextmanager
def kafka_process(kafka: str) -> Iterator[Kafka]:
    """
    Run a Kafka: `real`, or `embedded`, which is librdkafka's mock cluster.

    Raises NoToolchainError if there is no real Kafka.
    """
    if kafka == "real":
        with kafka_broker() as broker:
            yield _with_topics(Kafka(broker.bootstrap, broker.pid))
    else:
        with tempfile.TemporaryDirectory() as folder, started_processes(Path(folder)) as start:
            process = start(python_module("tests.kafka.embedded"))
            brokers = wait_for_line(process, r"^bootstrap (\S+)$", _START_WITHIN_S)[1]
            yield _with_topics(Kafka(brokers, process.pid))


def _with_topics(kafka: Kafka) -> Kafka:
    # The mock cluster creates a topic only for a client that asks for it by its name.
    for topic in _TOPICS:
        create_topic(kafka.brokers, topic, partitions=PARTITIONS)
    return kafka
