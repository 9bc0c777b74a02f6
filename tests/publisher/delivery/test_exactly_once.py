"""Exactly-once: committed records are never published again, through kills and takeovers."""

from __future__ import annotations

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._config import ConfigResource

from common.frames import Batch, Kind, Record
from common.unix_time import unix_ms
from tests.kafka.cluster import KafkaCluster
from tests.processes import StartProcess, python_module, wait_for_line
from tests.publisher.delivery.exactly_once import committed, start_exactly_once
from tests.publisher.peer import (
    KEY,
    READER,
    chat,
    connected_reader,
    connected_readers,
    start_publisher,
)
from tests.topics import read_all, read_topic

_READY = "is ready: session"


def test_acknowledged_records_are_committed_as_they_were_sent(
    processes: StartProcess, real_kafka: KafkaCluster, topic: str
) -> None:
    """Chat and gap records of several readers, in many transactions, in order."""
    publisher = start_exactly_once(processes, real_kafka.bootstrap, topic)
    gap = Record(KEY, unix_ms(), "né 😀\0".encode() + b"\xff")
    with connected_readers(publisher, "a/00", "b/00") as (one, other):
        for first in range(1, 5001, 50):
            one.send(chat(first, 50), first)
        other.send(Batch(Kind.GAP, [gap]), 41, oldest=41)
        one.wait_for_acknowledgement(5000)
        other.wait_for_acknowledgement(41)

    assert committed(real_kafka.bootstrap, topic) == list(range(1, 5001))
    (record,) = read_all(
        real_kafka.bootstrap, f"{topic}-gaps", timeout_s=20, isolation="read_committed"
    )
    assert (record.key, record.timestamp, record.value) == (gap.key, gap.timestamp, gap.value)
    assert record.headers == {"reader": b"b/00", "seq": b"41"}


def test_committed_records_that_were_not_acknowledged_are_not_published_again(
    processes: StartProcess, real_kafka: KafkaCluster, topic: str
) -> None:
    """After a crash the reader sends them again, is only acknowledged, and continues."""
    first = start_exactly_once(processes, real_kafka.bootstrap, topic)
    with connected_reader(first) as reader:
        reader.send(chat(1, 10), 1)
        reader.send(chat(11, 10), 11)
        # Only a consumer sees the records: the reader does not read its acknowledgements.
        read_topic(real_kafka.bootstrap, topic, count=20, timeout_s=20, isolation="read_committed")
    first.process.kill()

    second = start_exactly_once(processes, real_kafka.bootstrap, topic)
    with connected_readers(second, READER, "other/00") as (reader, unknown):
        reader.send(chat(1, 10), 1)
        reader.wait_for_acknowledgement(20)
        reader.send(chat(11, 10), 11)
        reader.send(chat(21, 10), 21)
        reader.wait_for_acknowledgement(30)
        # A reader without a checkpoint begins with its oldest record.
        unknown.send(chat(5, 3), 5, oldest=5)
        unknown.wait_for_acknowledgement(7)

    assert committed(real_kafka.bootstrap, topic, READER) == list(range(1, 31))
    assert committed(real_kafka.bootstrap, topic, "other/00") == [5, 6, 7]


def test_a_publisher_that_is_fenced_by_another_logs_its_process_and_exits(
    processes: StartProcess, real_kafka: KafkaCluster, topic: str
) -> None:
    """With status 3. The second publisher continues; each record is published once."""
    first = start_exactly_once(processes, real_kafka.bootstrap, topic)
    with connected_reader(first) as reader:
        reader.send(chat(1, 10), 1)
        reader.wait_for_acknowledgement(10)
        second = start_exactly_once(processes, real_kafka.bootstrap, topic)
        wait_for_line(second.process, _READY, 20)
        reader.send(chat(11, 10), 11, oldest=11)

        assert first.process.wait(20) == 3

    wait_for_line(
        first.process,
        rf"ERROR .*process {second.process.pid} on \S+ has taken over the "
        rf"transactional.id {topic}",
        1,
    )
    assert "Traceback" not in first.process.output()
    with connected_reader(second) as reader:
        reader.send(chat(11, 10), 11, oldest=11)
        reader.wait_for_acknowledgement(20)
    assert committed(real_kafka.bootstrap, topic) == list(range(1, 21))


def test_a_publisher_that_is_fenced_by_kafka_alone_continues(
    processes: StartProcess, real_kafka: KafkaCluster, topic: str
) -> None:
    """As when a transaction timed out: no other publisher has claimed the transactional.id."""
    publisher = start_exactly_once(processes, real_kafka.bootstrap, topic)
    with connected_reader(publisher) as reader:
        reader.send(chat(1, 10), 1)
        reader.wait_for_acknowledgement(10)
        session = reader.session
        _fence(real_kafka, topic)
        reader.send(chat(11, 10), 11, oldest=11)
        reader.wait_for_session(other_than=session)
        reader.send(chat(11, 10), 11, oldest=11)
        reader.wait_for_acknowledgement(20)

    assert committed(real_kafka.bootstrap, topic) == list(range(1, 21))
    assert "Traceback" not in publisher.process.output()


def test_checkpoints_behind_an_open_transaction_are_waited_for(
    processes: StartProcess, real_kafka: KafkaCluster, topic: str
) -> None:
    """Installations may share the topic. An open transaction of one hides later checkpoints."""
    first = start_exactly_once(processes, real_kafka.bootstrap, topic)
    wait_for_line(first.process, _READY, 20)
    other_producer = Producer(
        {"bootstrap.servers": real_kafka.bootstrap, "transactional.id": f"{topic}-stranger"}
    )
    other_producer.init_transactions(20)
    other_producer.begin_transaction()
    other_producer.produce(f"{topic}-progress", b'{"version":1,"seq":1}', b"stranger/00")
    other_producer.flush(20)
    with connected_reader(first) as reader:
        reader.send(chat(1, 10), 1)
        reader.wait_for_acknowledgement(10)
    first.process.kill()

    second = start_exactly_once(processes, real_kafka.bootstrap, topic)
    wait_for_line(second.process, "another publisher's transaction is open; waiting", 20)
    other_producer.abort_transaction(20)
    wait_for_line(
        second.process, rf"read the checkpoints of 1 readers from topic {topic}-progress", 20
    )


def test_the_progress_topic_is_created_as_a_compacted_topic(
    processes: StartProcess, real_kafka: KafkaCluster, topic: str
) -> None:
    """Old checkpoints are removed; the last one of each reader stays."""
    publisher = start_exactly_once(processes, real_kafka.bootstrap, topic)
    wait_for_line(publisher.process, _READY, 20)
    resource = ConfigResource(ConfigResource.Type.TOPIC, f"{topic}-progress")
    admin = AdminClient({"bootstrap.servers": real_kafka.bootstrap})

    config = admin.describe_configs([resource])[resource].result(60)

    assert config["cleanup.policy"].value == "compact"


def test_the_publisher_stops_promptly_while_it_waits_for_kafka(
    processes: StartProcess, topic: str
) -> None:
    """With status 0, although Kafka was never reachable."""
    publisher = start_exactly_once(processes, "127.0.0.1:1", topic)
    wait_for_line(publisher.process, "cannot be reached", 20)

    assert publisher.process.stop(timeout_s=20) == 0


def test_a_progress_topic_with_other_records_is_a_wrong_setting(
    processes: StartProcess, real_kafka: KafkaCluster, topic: str
) -> None:
    """The error names the topic and the record's key. The record is not ignored."""
    first = start_publisher(processes, real_kafka.bootstrap, topic)
    with connected_reader(first) as reader:
        reader.send(chat(1, 1), 1)
        reader.wait_for_acknowledgement(1)

    settings = {"KAFKA_TOPIC_PROGRESS": topic, "KAFKA_TOPIC_CHAT_MESSAGES": f"{topic}-other"}
    second = start_exactly_once(processes, real_kafka.bootstrap, topic, settings)

    assert second.process.wait(20) == 78
    wait_for_line(
        second.process,
        rf"KAFKA_TOPIC_PROGRESS holds '{topic}', but .* a record with the key '{KEY.decode()}'",
        1,
    )


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"KAFKA_BROKERS": "embedded"}, "the embedded Kafka has no transactions"),
        (
            {"KAFKA_TOPIC_PROGRESS": "twitch-chat-gaps"},
            "KAFKA_TOPIC_PROGRESS holds 'twitch-chat-gaps', but should name a topic that",
        ),
        ({"DELIVERY": "twice"}, "DELIVERY holds 'twice', but should hold at-least-once or exactly"),
    ],
)
def test_an_impossible_setting_is_reported_before_anything_starts(
    processes: StartProcess, settings: dict[str, str], words: str
) -> None:
    """In one line with the setting's name; the status is 78."""
    binds = {"PUBLISHER_BIND": "tcp://127.0.0.1:0", "PUBLISHER_ACK_BIND": "tcp://127.0.0.1:0"}
    environment = {"DELIVERY": "exactly-once", **binds, **settings}
    process = processes(python_module("publisher"), environment)

    assert process.wait(20) == 78
    assert words in process.output()
    assert "Traceback" not in process.output()


def _fence(cluster: KafkaCluster, transactional_id: str) -> None:
    """Fence the producer with *transactional_id*, as Kafka does when a transaction times out."""
    other = Producer({"bootstrap.servers": cluster.bootstrap, "transactional.id": transactional_id})
    other.init_transactions(20)
