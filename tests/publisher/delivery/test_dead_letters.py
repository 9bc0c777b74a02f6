"""A record that Kafka refuses permanently becomes a dead letter; its channel continues."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from common.frames import Batch, Kind, Record
from common.unix_time import unix_ms
from publisher.delivery.dead_letters import KEPT_BYTES
from tests.kafka.cluster import KafkaCluster
from tests.processes import StartProcess, wait_for_line
from tests.publisher.books import status_of, wait_for_status
from tests.publisher.peer import KEY, READER, chat, connected_reader, start_publisher
from tests.topics import create_topic, read_all

TOO_LARGE = 2_000_000  # bytes; librdkafka's limit is a million, Kafka's a little more


def test_a_value_that_is_too_large_becomes_a_dead_letter_and_the_rest_is_published(
    processes: StartProcess, kafka: KafkaCluster, topic: str
) -> None:
    """The dead letter names record, topic and reason, and has the beginning of the value."""
    publisher = start_publisher(processes, kafka.bootstrap, topic)
    large = Record(KEY, unix_ms(), b"x" * TOO_LARGE)
    with connected_reader(publisher) as reader:
        reader.send(Batch(Kind.CHAT, [*chat(1, 2).records, large, *chat(4, 2).records]), 1)
        reader.wait_for_acknowledgement(5)

    records = read_all(kafka.bootstrap, topic, timeout_s=20)
    (letter,) = read_all(kafka.bootstrap, f"{topic}-dead", timeout_s=20)

    assert [int(record.headers["seq"]) for record in records] == [1, 2, 4, 5]
    assert (letter.key, letter.value) == (KEY, b"x" * KEPT_BYTES)
    assert letter.headers.pop("reason").startswith(b"MSG_SIZE_TOO_LARGE: ")
    assert letter.headers == {
        "reader": READER.encode(),
        "seq": b"3",
        "topic": topic.encode(),
        "timestamp": str(large.timestamp).encode(),
        "size": str(TOO_LARGE).encode(),
    }
    wait_for_line(publisher.process, f"ERROR .*refused record 3 of {READER} for topic {topic}", 5)


def test_a_key_that_is_too_large_is_left_out_of_the_dead_letter(
    processes: StartProcess, kafka: KafkaCluster, topic: str
) -> None:
    """So the dead letter of any record fits, and the reader is acknowledged."""
    publisher = start_publisher(processes, kafka.bootstrap, topic)
    with connected_reader(publisher) as reader:
        reader.send(Batch(Kind.CHAT, [Record(b"k" * TOO_LARGE, unix_ms(), b"{}")]), 1)
        reader.wait_for_acknowledgement(1)

    (letter,) = read_all(kafka.bootstrap, f"{topic}-dead", timeout_s=20)

    assert letter.headers["seq"] == b"1"


def test_a_record_that_only_the_topic_refuses_becomes_a_dead_letter(
    processes: StartProcess, real_kafka: KafkaCluster, topic: str
) -> None:
    """A refusal by Kafka arrives later than one by librdkafka, with the same result."""
    create_topic(real_kafka.bootstrap, topic, config={"max.message.bytes": "5000"})
    settings = {"KAFKA_CONF_BATCH_SIZE": "2000"}
    publisher = start_publisher(processes, real_kafka.bootstrap, topic, settings)
    large = Record(KEY, unix_ms(), b"x" * 10_000)
    with connected_reader(publisher) as reader:
        reader.send(Batch(Kind.CHAT, [*chat(1, 50).records, large, *chat(52, 50).records]), 1)
        reader.wait_for_acknowledgement(101)

    records = read_all(real_kafka.bootstrap, topic, timeout_s=20)
    (letter,) = read_all(real_kafka.bootstrap, f"{topic}-dead", timeout_s=20)

    assert (letter.headers["seq"], letter.value) == (b"51", large.value)
    assert {int(record.headers["seq"]) for record in records} == {*range(1, 102)} - {51}
    assert len(records) == 100


def test_other_records_of_a_refused_request_are_published(
    processes: StartProcess, real_kafka: KafkaCluster, topic: str, short_folder: Path
) -> None:
    """Kafka refuses a whole request for one record's timestamp; the others are sent again."""
    create_topic(real_kafka.bootstrap, topic, config={"message.timestamp.after.max.ms": "3600000"})
    settings = {"KAFKA_CONF_LINGER_MS": "100"}
    publisher = start_publisher(processes, real_kafka.bootstrap, topic, settings)
    tomorrow = int((time.time() + 86400) * 1000)
    with connected_reader(publisher) as reader:
        early = Record(KEY, tomorrow, b'{"message": "3"}')
        reader.send(Batch(Kind.CHAT, [*chat(1, 2).records, early, *chat(4, 2).records]), 1)
        reader.send(chat(6, 100), 6)
        reader.wait_for_acknowledgement(105)

    records = read_all(real_kafka.bootstrap, topic, timeout_s=20)
    (letter,) = read_all(real_kafka.bootstrap, f"{topic}-dead", timeout_s=20)

    assert {int(record.headers["seq"]) for record in records} == {*range(1, 106)} - {3}
    assert len(records) == 104
    assert letter.headers["seq"] == b"3"
    assert letter.headers["timestamp"] == str(tomorrow).encode()
    assert letter.headers["reason"].startswith(b"INVALID_TIMESTAMP: ")
    status = status_of(short_folder / "var")
    assert status.published[topic] == 104
    assert status.dead_letters["INVALID_TIMESTAMP"] == 1
    assert sum(status.dead_letters.values()) == 1


def test_equal_records_that_are_refused_keep_their_seqs(
    processes: StartProcess, real_kafka: KafkaCluster, topic: str
) -> None:
    """Two identical records become two dead letters, each with its own seq."""
    create_topic(real_kafka.bootstrap, topic, config={"max.message.bytes": "5000"})
    publisher = start_publisher(processes, real_kafka.bootstrap, topic)
    large = Record(KEY, unix_ms(), b"x" * 10_000)
    with connected_reader(publisher) as reader:
        reader.send(Batch(Kind.CHAT, [large, large]), 1)
        reader.wait_for_acknowledgement(2)

    letters = read_all(real_kafka.bootstrap, f"{topic}-dead", timeout_s=20)

    assert sorted(letter.headers["seq"] for letter in letters) == [b"1", b"2"]


def test_a_record_whose_dead_letter_is_refused_is_never_acknowledged(
    processes: StartProcess, real_kafka: KafkaCluster, topic: str, short_folder: Path
) -> None:
    """The publisher logs the error and retries in a new session. The record is not lost."""
    create_topic(real_kafka.bootstrap, topic, config={"max.message.bytes": "5000"})
    create_topic(real_kafka.bootstrap, f"{topic}-dead", config={"max.message.bytes": "100"})
    publisher = start_publisher(processes, real_kafka.bootstrap, topic)
    with connected_reader(publisher) as reader:
        session = reader.session
        reader.send(Batch(Kind.CHAT, [Record(KEY, unix_ms(), b"x" * 10_000)]), 1)
        wait_for_line(publisher.process, "Kafka's client has failed: MSG_SIZE_TOO_LARGE", 20)
        reader.wait_for_session(other_than=session)

        assert reader.acknowledged == []
        status = wait_for_status(short_folder / "var", lambda status: status.sessions == 2)
        assert (status.taken, status.abandoned) == (1, 1)
        assert sum(status.dead_letters.values()) == 0


@pytest.mark.parametrize("delivery", ["at-least-once", "exactly-once"])
def test_a_topic_whose_limit_is_less_than_a_request_is_named_and_loses_nothing(
    processes: StartProcess, real_kafka: KafkaCluster, topic: str, delivery: str
) -> None:
    """The line is logged once a minute, and no record becomes a dead letter."""
    create_topic(real_kafka.bootstrap, topic, config={"max.message.bytes": "5000"})
    settings = {
        "KAFKA_CONF_LINGER_MS": "50",
        "DELIVERY": delivery,
        "KAFKA_TRANSACTIONAL_ID": topic,
        "KAFKA_TOPIC_PROGRESS": f"{topic}-progress",
    }
    publisher = start_publisher(processes, real_kafka.bootstrap, topic, settings)
    with connected_reader(publisher) as reader:
        reader.send(chat(1, 200), 1)
        reader.wait_for_acknowledgement(200)

    records = read_all(real_kafka.bootstrap, topic, timeout_s=20, isolation="read_committed")
    assert {int(record.headers["seq"]) for record in records} == set(range(1, 201))
    assert len(records) == 200
    output = publisher.process.output()
    assert output.count(f"topic {topic} refused a request as too large (") == 1
    assert "set KAFKA_CONF_BATCH_SIZE to less" in output
