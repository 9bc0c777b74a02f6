"""Events on their way: to a topic of their own, or to none if that is switched off."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient

from common.frames import Batch, Kind, Record
from common.unix_time import unix_ms
from tests.kafka.cluster import KafkaCluster
from tests.processes import StartProcess, wait_for_line
from tests.publisher.books import status_of, wait_for_status
from tests.publisher.delivery.exactly_once import start_exactly_once
from tests.publisher.peer import (
    KEY,
    READER,
    Publisher,
    chat,
    connected_reader,
    connected_readers,
    events,
    start_publisher,
)
from tests.topics import Record as Published
from tests.topics import read_all

OFF = {"KAFKA_TOPIC_CHAT_EVENTS": ""}

deliveries = pytest.mark.parametrize("delivery", ["at-least-once", "exactly-once"])


def start(
    processes: StartProcess,
    kafka: KafkaCluster,
    topic: str,
    delivery: str,
    settings: Mapping[str, str],
) -> Publisher:
    begin = start_exactly_once if delivery == "exactly-once" else start_publisher
    return begin(processes, kafka.bootstrap, topic, settings)


def committed(kafka: KafkaCluster, topic: str) -> list[Published]:
    return read_all(kafka.bootstrap, topic, timeout_s=20, isolation="read_committed")


def seqs(records: list[Published]) -> list[int]:
    return [int(record.headers["seq"]) for record in records]


@deliveries
def test_events_go_to_their_own_topic(
    processes: StartProcess, real_kafka: KafkaCluster, topic: str, delivery: str, tmp_path: Path
) -> None:
    """With key, value and headers as messages have, and in one sequence of seqs with them."""
    settings = {"STATE_DIR": str(tmp_path), "LOG_LEVEL": "DEBUG"}
    publisher = start(processes, real_kafka, topic, delivery, settings)
    batch = events("raid", "sub")
    with connected_reader(publisher) as reader:
        assert reader.takes_events
        reader.send(chat(1, 2), 1)
        reader.send(batch, 3)
        reader.send(chat(5, 1), 5)
        reader.wait_for_acknowledgement(5)

    assert seqs(committed(real_kafka, topic)) == [1, 2, 5]
    published = committed(real_kafka, f"{topic}-events")
    assert [(one.key, one.value, one.timestamp) for one in published] == [
        (record.key, record.value, record.timestamp) for record in batch.records
    ]
    assert [one.headers for one in published] == [
        {"reader": READER.encode(), "seq": b"3", "id": b"raid"},
        {"reader": READER.encode(), "seq": b"4", "id": b"sub"},
    ]
    wait_for_line(publisher.process, f"DEBUG .*reader {READER}: event record, seq 4", 20)
    assert publisher.process.stop() == 0
    counts = status_of(tmp_path).published
    assert counts == {topic: 3, f"{topic}-events": 2, f"{topic}-gaps": 0}


@deliveries
def test_without_a_topic_events_are_acknowledged_and_left_out(
    processes: StartProcess, real_kafka: KafkaCluster, topic: str, delivery: str, tmp_path: Path
) -> None:
    """Readers are told; one that stored some before goes on. One line of log, no topic."""
    publisher = start(processes, real_kafka, topic, delivery, OFF | {"STATE_DIR": str(tmp_path)})
    with connected_reader(publisher) as reader:
        assert not reader.takes_events
        reader.send(events("raid", "sub"), 1)
        reader.send(chat(3, 1), 3)
        reader.send(events("clear"), 4)
        reader.wait_for_acknowledgement(4)
    wait_for_status(tmp_path, lambda status: status.left_out_events == 3)
    assert publisher.process.stop() == 0

    assert seqs(committed(real_kafka, topic)) == [3]
    names = AdminClient({"bootstrap.servers": real_kafka.bootstrap}).list_topics(timeout=20).topics
    assert f"{topic}-events" not in names
    status = status_of(tmp_path)
    assert (status.taken, status.left_out_events, status.duplicates) == (4, 3, 0)
    assert publisher.process.output().count("leaving out events") == 1
    wait_for_line(publisher.process, "4 messages taken; .*; 3 events left out", 60)


def test_events_that_were_left_out_are_not_asked_for_again(
    processes: StartProcess, real_kafka: KafkaCluster, topic: str
) -> None:
    """With exactly-once the checkpoint covers them, so the next publisher refuses them."""
    first = start(processes, real_kafka, topic, "exactly-once", OFF)
    with connected_reader(first) as reader:
        reader.send(events("raid"), 1)
        reader.wait_for_acknowledgement(1)
    first.process.kill()

    second = start(processes, real_kafka, topic, "exactly-once", {})
    with connected_reader(second) as reader:
        reader.send(events("raid"), 1)
        reader.wait_for_acknowledgement(1)

    assert committed(real_kafka, f"{topic}-events") == []


@deliveries
def test_an_event_that_kafka_refuses_becomes_a_dead_letter(
    processes: StartProcess, real_kafka: KafkaCluster, topic: str, delivery: str
) -> None:
    """It names the topic of events; the events around it are published."""
    publisher = start(processes, real_kafka, topic, delivery, {})
    (small, also_small) = events("raid", "sub").records
    large = Record(KEY, unix_ms(), b"x" * 2_000_000, b"large")
    with connected_reader(publisher) as reader:
        reader.send(Batch(Kind.EVENT, [small, large, also_small]), 1)
        reader.wait_for_acknowledgement(3)

    assert sorted(seqs(committed(real_kafka, f"{topic}-events"))) == [1, 3]
    (letter,) = committed(real_kafka, f"{topic}-dead")
    assert letter.headers["topic"] == f"{topic}-events".encode()
    assert letter.headers["id"] == b"large"


def test_a_restarted_publisher_knows_the_events_that_it_has_published(
    processes: StartProcess, real_kafka: KafkaCluster, topic: str
) -> None:
    """And knows them apart: of an announcement, Kafka may have the message and not the event."""
    settings = {"DEDUPLICATE": "true", "KAFKA_HEADER_ID": "false"}
    announced = Batch(Kind.CHAT, [Record(KEY, unix_ms(), b"{}", b"announcement")])
    first = start_publisher(processes, real_kafka.bootstrap, topic, settings)
    with connected_readers(first, "xqc/ann") as (ann,):
        ann.send(announced, 1)
        ann.send(events("raid"), 2)
        ann.wait_for_acknowledgement(2)
    first.process.kill()

    second = start_publisher(processes, real_kafka.bootstrap, topic, settings)
    wait_for_line(second.process, "loaded the ids of 1 published messages and 1 events", 20)
    with connected_readers(second, "xqc/bob") as (bob,):
        bob.send(announced, 1)
        bob.send(events("announcement", "raid"), 2)
        bob.wait_for_acknowledgement(3)

    assert [one.headers["id"] for one in committed(real_kafka, topic)] == [b"announcement"]
    published = committed(real_kafka, f"{topic}-events")
    assert [one.headers["id"] for one in published] == [b"raid", b"announcement"]


@deliveries
def test_ids_can_be_left_out_of_the_headers(
    processes: StartProcess, real_kafka: KafkaCluster, topic: str, delivery: str
) -> None:
    """They cost processor time and disk."""
    publisher = start(processes, real_kafka, topic, delivery, {"KAFKA_HEADER_ID": "false"})
    with connected_reader(publisher) as reader:
        reader.send(events("raid"), 1)
        reader.wait_for_acknowledgement(1)

    (published,) = committed(real_kafka, f"{topic}-events")
    assert published.headers == {"reader": READER.encode(), "seq": b"1"}


def test_one_topic_may_be_for_everything(
    processes: StartProcess, real_kafka: KafkaCluster, topic: str
) -> None:
    """A restarted publisher tells messages and events in it apart, too."""
    names = ("KAFKA_TOPIC_CHAT_EVENTS", "KAFKA_TOPIC_CHAT_GAPS", "KAFKA_TOPIC_DEAD_LETTERS")
    settings = {"DEDUPLICATE": "true"} | dict.fromkeys(names, topic)
    announced = Batch(Kind.CHAT, [Record(KEY, unix_ms(), b"{}", b"announcement")])
    first = start_publisher(processes, real_kafka.bootstrap, topic, settings)
    with connected_readers(first, "xqc/ann") as (ann,):
        ann.send(announced, 1)
        ann.send(events("raid"), 2)
        ann.send(Batch(Kind.GAP, [Record(KEY, unix_ms(), b"{}")]), 3)
        ann.send(Batch(Kind.CHAT, [Record(KEY, unix_ms(), b"x" * 2_000_000, b"large")]), 4)
        ann.wait_for_acknowledgement(4)
    first.process.kill()

    second = start_publisher(processes, real_kafka.bootstrap, topic, settings)
    wait_for_line(second.process, "loaded the ids of 2 published messages and 1 events", 20)
    with connected_readers(second, "xqc/bob") as (bob,):
        bob.send(announced, 1)
        bob.send(events("announcement", "raid"), 2)
        bob.wait_for_acknowledgement(3)

    ids = [one.headers.get("id") for one in committed(real_kafka, topic)]
    assert ids == [b"announcement", b"raid", None, b"large", b"announcement"]
