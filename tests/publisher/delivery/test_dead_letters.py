"""A record that Kafka refuses for good does not stop its channel: it goes to the dead letters."""

from __future__ import annotations

import time
from collections.abc import Mapping

from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from common.frames import Batch, Kind, Record
from publisher.delivery.dead_letters import KEPT_BYTES
from tests.kafka.cluster import KafkaCluster
from tests.processes import StartProcess, wait_for_line
from tests.publisher.peer import KEY, READER, chat, connected_reader, now_ms, start_publisher
from tests.topics import read_all

TOO_LARGE = 2_000_000  # bytes; librdkafka's own limit is a million, Kafka's is a little more


def test_a_value_that_is_too_large_becomes_a_dead_letter_and_its_neighbours_go_through(
    processes: StartProcess, kafka: KafkaCluster, topic: str
) -> None:
    """The letter says what was refused, where and why, and holds the beginning of the value."""
    publisher = start_publisher(processes, kafka.bootstrap, topic)
    large = Record(KEY, now_ms(), b"x" * TOO_LARGE)
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


def test_a_key_that_is_too_large_is_left_out_of_its_letter(
    processes: StartProcess, kafka: KafkaCluster, topic: str
) -> None:
    """Whatever is in a record, its letter fits, and the reader gets its acknowledgement."""
    publisher = start_publisher(processes, kafka.bootstrap, topic)
    with connected_reader(publisher) as reader:
        reader.send(Batch(Kind.CHAT, [Record(b"k" * TOO_LARGE, now_ms(), b"{}")]), 1)
        reader.wait_for_acknowledgement(1)

    (letter,) = read_all(kafka.bootstrap, f"{topic}-dead", timeout_s=20)

    assert letter.headers["seq"] == b"1"


def test_what_only_the_topic_refuses_becomes_a_dead_letter_too(
    processes: StartProcess, real_kafka: KafkaCluster, topic: str
) -> None:
    """Kafka's own refusal, which comes later than librdkafka's, ends the same way."""
    _create(real_kafka, topic, {"max.message.bytes": "5000"})
    settings = {"KAFKA_CONF_BATCH_SIZE": "2000"}
    publisher = start_publisher(processes, real_kafka.bootstrap, topic, settings)
    large = Record(KEY, now_ms(), b"x" * 10_000)
    with connected_reader(publisher) as reader:
        reader.send(Batch(Kind.CHAT, [*chat(1, 50).records, large, *chat(52, 50).records]), 1)
        reader.wait_for_acknowledgement(101)

    records = read_all(real_kafka.bootstrap, topic, timeout_s=20)
    (letter,) = read_all(real_kafka.bootstrap, f"{topic}-dead", timeout_s=20)

    assert (letter.headers["seq"], letter.value) == (b"51", large.value)
    assert {int(record.headers["seq"]) for record in records} == {*range(1, 102)} - {51}
    assert len(records) == 100


def test_a_record_that_kafka_does_not_like_does_not_take_its_neighbours_along(
    processes: StartProcess, real_kafka: KafkaCluster, topic: str
) -> None:
    """Kafka refuses a whole request for one record's timestamp; the others are sent once more."""
    _create(real_kafka, topic, {"message.timestamp.after.max.ms": "3600000"})
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


def test_equal_records_that_are_refused_keep_their_numbers(
    processes: StartProcess, real_kafka: KafkaCluster, topic: str
) -> None:
    """Two that are the same to the byte become two letters, with a number each."""
    _create(real_kafka, topic, {"max.message.bytes": "5000"})
    publisher = start_publisher(processes, real_kafka.bootstrap, topic)
    large = Record(KEY, now_ms(), b"x" * 10_000)
    with connected_reader(publisher) as reader:
        reader.send(Batch(Kind.CHAT, [large, large]), 1)
        reader.wait_for_acknowledgement(2)

    letters = read_all(real_kafka.bootstrap, f"{topic}-dead", timeout_s=20)

    assert sorted(letter.headers["seq"] for letter in letters) == [b"1", b"2"]


def test_a_dead_letter_that_is_refused_itself_is_never_acknowledged(
    processes: StartProcess, real_kafka: KafkaCluster, topic: str
) -> None:
    """Rather than lose a record it says what is wrong, and tries again in a new session."""
    _create(real_kafka, topic, {"max.message.bytes": "5000"})
    _create(real_kafka, f"{topic}-dead", {"max.message.bytes": "100"})
    publisher = start_publisher(processes, real_kafka.bootstrap, topic)
    with connected_reader(publisher) as reader:
        session = reader.session
        reader.send(Batch(Kind.CHAT, [Record(KEY, now_ms(), b"x" * 10_000)]), 1)
        wait_for_line(publisher.process, "Kafka's client has failed: MSG_SIZE_TOO_LARGE", 20)
        reader.wait_for_session(other_than=session)

        assert reader.acknowledged == []


def _create(cluster: KafkaCluster, topic: str, config: Mapping[str, str]) -> None:
    admin = AdminClient({"bootstrap.servers": cluster.bootstrap})
    admin.create_topics([NewTopic(topic, 1, 1, config=dict(config))])[topic].result(10)
