"""A permanently refused record becomes a dead letter in the same transaction, in order."""

from __future__ import annotations

import time
from pathlib import Path

from common.frames import Batch, Kind, Record
from common.unix_time import unix_ms
from publisher.delivery.dead_letters import KEPT_BYTES
from tests.kafka.cluster import KafkaCluster
from tests.processes import StartProcess, wait_for_line
from tests.publisher.books import status_of, wait_for_status
from tests.publisher.delivery.exactly_once import committed, start_exactly_once
from tests.publisher.peer import KEY, READER, chat, connected_reader
from tests.topics import create_topic, read_all

#: Too large for a topic with a limit of 5000 bytes, and for librdkafka (a million bytes).
LARGE, HUGE = b"x" * 10_000, b"x" * 2_000_000


def test_a_value_that_is_too_large_for_librdkafka_becomes_a_dead_letter(
    processes: StartProcess, real_kafka: KafkaCluster, topic: str
) -> None:
    """With the beginning of its value. Records before and after it are published."""
    publisher = start_exactly_once(processes, real_kafka.bootstrap, topic)
    huge = Record(KEY, unix_ms(), HUGE)
    with connected_reader(publisher) as reader:
        reader.send(Batch(Kind.CHAT, [*chat(1, 2).records, huge, *chat(4, 2).records]), 1)
        reader.send(chat(6, 5), 6)
        reader.wait_for_acknowledgement(10)

    (letter,) = read_all(
        real_kafka.bootstrap, f"{topic}-dead", timeout_s=20, isolation="read_committed"
    )

    assert committed(real_kafka.bootstrap, topic) == [1, 2, *range(4, 11)]
    assert letter.value == HUGE[:KEPT_BYTES]
    assert letter.headers.pop("reason").startswith(b"MSG_SIZE_TOO_LARGE: ")
    assert letter.headers == {
        "reader": READER.encode(),
        "seq": b"3",
        "topic": topic.encode(),
        "timestamp": str(huge.timestamp).encode(),
        "size": str(len(HUGE)).encode(),
    }
    wait_for_line(publisher.process, f"ERROR .*refused record 3 of {READER} for topic {topic}", 5)


def test_other_records_of_a_refused_transaction_are_published(
    processes: StartProcess, real_kafka: KafkaCluster, topic: str, short_folder: Path
) -> None:
    """Two identical records of many are refused. The others stay in order; each has a letter."""
    create_topic(real_kafka.bootstrap, topic, config={"max.message.bytes": "5000"})
    publisher = start_exactly_once(processes, real_kafka.bootstrap, topic)
    large = Record(KEY, unix_ms(), LARGE)
    with connected_reader(publisher) as reader:
        reader.send(chat(1, 20), 1)
        reader.send(Batch(Kind.CHAT, [large, *chat(22, 30).records, large]), 21)
        reader.send(chat(53, 20), 53)
        reader.wait_for_acknowledgement(72)

    assert committed(real_kafka.bootstrap, topic) == [*range(1, 21), *range(22, 52), *range(53, 73)]
    assert committed(real_kafka.bootstrap, f"{topic}-dead") == [21, 52]
    status = status_of(short_folder / "var")
    assert (status.taken, status.published[topic]) == (72, 70)
    assert sum(status.dead_letters.values()) == 2
    assert sum(status.publish.counts) == 3
    assert sum(status.delivery.counts) == 70


def test_a_timestamp_that_kafka_refuses_becomes_a_dead_letter(
    processes: StartProcess, real_kafka: KafkaCluster, topic: str
) -> None:
    """The refused timestamp is in a header; the dead letter itself has the current time."""
    create_topic(real_kafka.bootstrap, topic, config={"message.timestamp.after.max.ms": "3600000"})
    publisher = start_exactly_once(processes, real_kafka.bootstrap, topic)
    tomorrow = int((time.time() + 86400) * 1000)
    with connected_reader(publisher) as reader:
        early = Record(KEY, tomorrow, b"{}")
        reader.send(Batch(Kind.CHAT, [*chat(1, 2).records, early, *chat(4, 2).records]), 1)
        reader.wait_for_acknowledgement(5)

    (letter,) = read_all(
        real_kafka.bootstrap, f"{topic}-dead", timeout_s=20, isolation="read_committed"
    )

    assert committed(real_kafka.bootstrap, topic) == [1, 2, 4, 5]
    assert letter.headers["timestamp"] == str(tomorrow).encode()


def test_records_that_are_too_large_only_together_are_sent_one_by_one(
    processes: StartProcess, real_kafka: KafkaCluster, topic: str
) -> None:
    """Each record fits into the topic's limit: none becomes a dead letter."""
    create_topic(real_kafka.bootstrap, topic, config={"max.message.bytes": "5000"})
    publisher = start_exactly_once(processes, real_kafka.bootstrap, topic)
    records = [Record(KEY, unix_ms(), b"%04d" % number * 500) for number in range(20)]
    with connected_reader(publisher) as reader:
        reader.send(Batch(Kind.CHAT, records), 1)
        reader.wait_for_acknowledgement(20)

    assert committed(real_kafka.bootstrap, topic) == list(range(1, 21))
    assert committed(real_kafka.bootstrap, f"{topic}-dead") == []


def test_a_dead_letter_that_is_too_large_is_sent_without_key_and_value(
    processes: StartProcess, real_kafka: KafkaCluster, topic: str
) -> None:
    """Then it fits into any usable topic."""
    create_topic(real_kafka.bootstrap, topic, config={"max.message.bytes": "5000"})
    create_topic(real_kafka.bootstrap, f"{topic}-dead", config={"max.message.bytes": "5000"})
    publisher = start_exactly_once(processes, real_kafka.bootstrap, topic)
    with connected_reader(publisher) as reader:
        records = [Record(KEY, unix_ms(), LARGE), Record(b"k" * len(HUGE), unix_ms(), b"{}")]
        reader.send(Batch(Kind.CHAT, records), 1)
        reader.wait_for_acknowledgement(2)

    letters = read_all(
        real_kafka.bootstrap, f"{topic}-dead", timeout_s=20, isolation="read_committed"
    )

    assert sorted((letter.headers["seq"], letter.value) for letter in letters) == [
        (b"1", b""),
        (b"2", b""),
    ]


def test_a_record_whose_dead_letter_is_refused_is_never_acknowledged(
    processes: StartProcess, real_kafka: KafkaCluster, topic: str, short_folder: Path
) -> None:
    """The publisher logs the error and retries in a new session. The record is not lost."""
    create_topic(real_kafka.bootstrap, topic, config={"max.message.bytes": "5000"})
    create_topic(real_kafka.bootstrap, f"{topic}-dead", config={"max.message.bytes": "100"})
    publisher = start_exactly_once(processes, real_kafka.bootstrap, topic)
    with connected_reader(publisher) as reader:
        session = reader.session
        reader.send(Batch(Kind.CHAT, [Record(KEY, unix_ms(), LARGE)]), 1)
        wait_for_line(publisher.process, "Kafka's client has failed: MSG_SIZE_TOO_LARGE", 20)
        reader.wait_for_session(other_than=session)

        assert reader.acknowledged == []
        status = wait_for_status(short_folder / "var", lambda status: status.sessions == 2)
        assert (status.taken, status.abandoned) == (1, 1)
        assert sum(status.dead_letters.values()) == 0
