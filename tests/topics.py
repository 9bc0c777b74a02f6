"""Reads Kafka topics back from their beginning, to compare what arrived with what was sent."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from confluent_kafka import (
    OFFSET_BEGINNING,
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from tests.processes import wait_for
from tests.requirements import require_program

Isolation = Literal["read_uncommitted", "read_committed"]

# The prefix of the cluster ids of librdkafka's rd_kafka_mock_cluster_new.
_EMBEDDED_CLUSTER_ID = "mockCluster"
_KCAT_TIMEOUT_S = 60
_ADMIN_TIMEOUT_S = 60


@dataclass(frozen=True, slots=True)
class Record:
    """One Kafka record. *timestamp* is in Unix milliseconds. A null value is read as empty."""

    key: bytes | None
    value: bytes
    timestamp: int
    headers: dict[str, bytes]
    partition: int
    offset: int


def create_topic(
    bootstrap: str,
    topic: str,
    *,
    partitions: int = 1,
    replicas: int = 1,
    config: Mapping[str, str] | None = None,
) -> None:
    """Create *topic* with Kafka's settings *config*, and wait until it can be written to.

    The embedded cluster refuses requests to create a topic. It creates one, with its own number of
    partitions, when a client requests its metadata. Raises KafkaException or TimeoutError.
    """
    admin = AdminClient({"bootstrap.servers": bootstrap})
    cluster = admin.list_topics(timeout=_ADMIN_TIMEOUT_S).cluster_id
    if not str(cluster).startswith(_EMBEDDED_CLUSTER_ID):
        new = NewTopic(topic, partitions, replicas, config=dict(config or {}))
        admin.create_topics([new])[topic].result(_ADMIN_TIMEOUT_S)

    def every_partition_has_a_leader() -> bool:
        found = admin.list_topics(topic, timeout=_ADMIN_TIMEOUT_S).topics[topic].partitions
        return bool(found) and all(partition.leader >= 0 for partition in found.values())

    wait_for(every_partition_has_a_leader, _ADMIN_TIMEOUT_S, f"leaders of {topic}")


def read_topic(
    bootstrap: str,
    topic: str,
    *,
    count: int,
    timeout_s: float,
    isolation: Isolation = "read_uncommitted",
) -> list[Record]:
    """Return the first *count* records received from all partitions, each partition in order.

    Raises TimeoutError, with the number received, when records are missing after *timeout_s*.
    """
    deadline = time.monotonic() + timeout_s
    records: list[Record] = []
    with _consumer(bootstrap, isolation) as consumer:
        _assign_from_beginning(consumer, topic, deadline)
        messages = _messages(consumer, deadline)
        while len(records) < count:
            message = next(messages, None)
            if message is None:
                raise TimeoutError(f"{len(records)} of {count} records in {topic} in {timeout_s} s")
            if message.error() is None:
                records.append(_record(message))
    return records


def read_all(
    bootstrap: str, topic: str, *, timeout_s: float, isolation: Isolation = "read_uncommitted"
) -> list[Record]:
    """Return all records up to the current end of each partition, each partition in order.

    With `read_committed` that end is where the first open transaction begins. Raises TimeoutError,
    with the number received, when an end is not reached after *timeout_s*.
    """
    deadline = time.monotonic() + timeout_s
    records: list[Record] = []
    with _consumer(bootstrap, isolation) as consumer:
        unread = _assign_from_beginning(consumer, topic, deadline)
        messages = _messages(consumer, deadline)
        while unread:
            message = next(messages, None)
            if message is None:
                raise TimeoutError(f"{len(records)} records of {topic} and no end in {timeout_s} s")
            error = message.error()
            if error is None:
                records.append(_record(message))
            elif error.code() == KafkaError._PARTITION_EOF:
                unread.discard(message.partition() or 0)
    return records


def kcat_read(bootstrap: str, topic: str, count: int) -> list[Record]:
    """Return the first *count* records as the program kcat reads them; they must be UTF-8.

    Without kcat the test is skipped, or fails in CI. Raises TimeoutError after 60 s, and
    CalledProcessError when kcat fails.
    """
    require_program("kcat")
    where = ["-b", bootstrap, "-t", topic, "-o", "beginning", "-c", str(count)]
    try:
        result = subprocess.run(
            ["kcat", "-C", "-q", "-J", *where],
            check=True,
            capture_output=True,
            timeout=_KCAT_TIMEOUT_S,
        )
    except subprocess.TimeoutExpired as error:
        came = (error.stdout or b"").count(b"\n")
        raise TimeoutError(f"kcat read {came} of {count} records in {_KCAT_TIMEOUT_S} s") from None
    return [_kcat_record(json.loads(line)) for line in result.stdout.splitlines()]


def _consumer(bootstrap: str, isolation: Isolation) -> Consumer:
    return Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": "tests",  # required; no group is joined and nothing is committed
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "isolation.level": isolation,
            "log_level": 2,  # no log lines about brokers that a test has killed
        }
    )


def _assign_from_beginning(consumer: Consumer, topic: str, deadline: float) -> set[int]:
    """Assign every partition of *topic* from its first record; return the partition ids."""

    def partitions() -> set[int]:
        try:
            return set(consumer.list_topics(topic, timeout=1).topics[topic].partitions)
        except KafkaException:
            return set()  # the cluster does not respond yet

    found = wait_for(partitions, deadline - time.monotonic(), f"the partitions of {topic}")
    consumer.assign([TopicPartition(topic, number, OFFSET_BEGINNING) for number in found])
    return found


def _messages(consumer: Consumer, deadline: float) -> Iterator[Message]:
    """Yield messages, and events of the client, until *deadline*."""
    while (left_s := deadline - time.monotonic()) > 0:
        if (message := consumer.poll(left_s)) is not None:
            yield message


def _record(message: Message) -> Record:
    headers = message.headers() or []
    pairs = headers.items() if isinstance(headers, dict) else headers
    return Record(
        key=message.key(),
        value=message.value() or b"",
        timestamp=message.timestamp()[1],
        headers={name: value for name, value in pairs if isinstance(value, bytes)},
        partition=message.partition() or 0,
        offset=message.offset() or 0,
    )


def _kcat_record(line: dict[str, Any]) -> Record:
    headers = line.get("headers", [])  # name, value, name, value and so on
    return Record(
        key=None if line["key"] is None else line["key"].encode(),
        value=(line["payload"] or "").encode(),
        timestamp=line["ts"],
        headers={
            name: value.encode() for name, value in zip(headers[::2], headers[1::2], strict=True)
        },
        partition=line["partition"],
        offset=line["offset"],
    )
