"""From a frame on the link to a record in Kafka, and back to the acknowledgement."""

from __future__ import annotations

from common.frames import Batch, Kind, Record
from common.unix_time import unix_ms
from tests.kafka.cluster import KafkaCluster
from tests.processes import StartProcess, wait_for_line
from tests.publisher.peer import (
    KEY,
    READER,
    chat,
    connected_reader,
    connected_readers,
    start_publisher,
)
from tests.topics import read_all, read_topic


def test_a_record_is_published_as_it_was_sent(
    processes: StartProcess, kafka: KafkaCluster, topic: str
) -> None:
    """With the reader's key, value and timestamp. Headers hold the reader's name and the seq."""
    publisher = start_publisher(processes, kafka.bootstrap, topic)
    record = Record(KEY, unix_ms(), "né 😀\0".encode() + b"\xff")
    with connected_reader(publisher) as reader:
        reader.send(Batch(Kind.CHAT, [record]), 41, oldest=41)
        reader.wait_for_acknowledgement(41)

    (published,) = read_topic(kafka.bootstrap, topic, count=1, timeout_s=20)

    assert (published.key, published.timestamp, published.value) == (
        record.key,
        record.timestamp,
        record.value,
    )
    assert published.headers == {"reader": READER.encode(), "seq": b"41"}


def test_the_order_of_a_channel_is_kept(
    processes: StartProcess, kafka: KafkaCluster, topic: str
) -> None:
    """All records of a channel are in one partition, in the order of their seqs."""
    publisher = start_publisher(processes, kafka.bootstrap, topic)
    with connected_reader(publisher) as reader:
        for first in range(1, 5001, 50):
            reader.send(chat(first, 50), first)
        reader.wait_for_acknowledgement(5000)

    records = read_all(kafka.bootstrap, topic, timeout_s=20)

    assert [int(record.headers["seq"]) for record in records] == list(range(1, 5001))
    assert len({record.partition for record in records}) == 1


def test_each_reader_receives_only_its_own_acknowledgements(
    processes: StartProcess, kafka: KafkaCluster, topic: str
) -> None:
    """Also if the name of one reader is a prefix of the other's."""
    publisher = start_publisher(processes, kafka.bootstrap, topic)
    with connected_readers(publisher, "xqc/00", "xqc/0001") as (one, other):
        one.send(chat(1, 7), 1)
        one.wait_for_acknowledgement(7)
        other.send(chat(1, 3), 1)
        other.wait_for_acknowledgement(3)

        assert (one.acknowledged, other.acknowledged) == ([7], [3])


def test_gap_records_go_to_their_own_topic(
    processes: StartProcess, kafka: KafkaCluster, topic: str
) -> None:
    """The kind of a batch decides its topic. Both kinds share one sequence of seqs."""
    publisher = start_publisher(processes, kafka.bootstrap, topic)
    with connected_reader(publisher) as reader:
        reader.send(chat(1, 2), 1)
        reader.send(Batch(Kind.GAP, [Record(KEY, unix_ms(), b"{}")]), 3)
        reader.send(chat(4, 1), 4)
        reader.wait_for_acknowledgement(4)

    chats = read_all(kafka.bootstrap, topic, timeout_s=20)
    gaps = read_all(kafka.bootstrap, f"{topic}-gaps", timeout_s=20)

    assert [record.headers["seq"] for record in chats] == [b"1", b"2", b"4"]
    assert [record.headers["seq"] for record in gaps] == [b"3"]


def test_a_repeated_batch_is_acknowledged_again_and_published_once(
    processes: StartProcess, kafka: KafkaCluster, topic: str
) -> None:
    """A reader that has missed its acknowledgement receives it after sending again."""
    publisher = start_publisher(processes, kafka.bootstrap, topic)
    with connected_reader(publisher) as reader:
        reader.send(chat(1, 10), 1)
        reader.wait_for_acknowledgement(10)
        reader.send(chat(1, 10), 1)

        assert reader.wait_for_one_more_acknowledgement() == 10

    assert len(read_all(kafka.bootstrap, topic, timeout_s=20)) == 10


def test_batches_of_another_session_or_out_of_sequence_are_not_published(
    processes: StartProcess, kafka: KafkaCluster, topic: str
) -> None:
    """The next batch in sequence is still accepted."""
    publisher = start_publisher(processes, kafka.bootstrap, topic)
    with connected_reader(publisher) as reader:
        reader.send(chat(1, 10), 1, session=reader.session + 1)
        reader.send(chat(11, 10), 11)
        reader.send(chat(1, 10), 1)
        reader.wait_for_acknowledgement(10)

    records = read_all(kafka.bootstrap, topic, timeout_s=20)

    assert [int(record.headers["seq"]) for record in records] == list(range(1, 11))


def test_a_new_session_continues_from_the_oldest_record(
    processes: StartProcess, kafka: KafkaCluster, topic: str
) -> None:
    """After a crash of the publisher, a reader continues with its unacknowledged records."""
    first = start_publisher(processes, kafka.bootstrap, topic)
    with connected_reader(first) as reader:
        reader.send(chat(1, 10), 1)
        reader.wait_for_acknowledgement(10)
        old_session = reader.session
    first.process.kill()

    second = start_publisher(processes, kafka.bootstrap, topic)
    with connected_reader(second) as reader:
        assert reader.session != old_session
        reader.send(chat(11, 10), 11, oldest=11)
        reader.wait_for_acknowledgement(20)

    records = read_all(kafka.bootstrap, topic, timeout_s=20)

    assert [int(record.headers["seq"]) for record in records] == list(range(1, 21))


def test_starts_are_logged_and_at_debug_each_message(
    processes: StartProcess, kafka: KafkaCluster, topic: str
) -> None:
    """A line for the start, for Kafka, for each new reader, and at debug for each message."""
    settings = {"LOG_LEVEL": "debug", "APP_ENV": "staging"}
    publisher = start_publisher(processes, kafka.bootstrap, topic, settings)
    with connected_reader(publisher) as reader:
        reader.send(chat(1, 2), 1)
        reader.send(chat(3, 1), 3)
        reader.wait_for_acknowledgement(3)

    wait_for_line(publisher.process, r"started, environment staging: .*topic test-", 5)
    wait_for_line(publisher.process, rf"Kafka at {kafka.bootstrap} is ready: session", 5)
    wait_for_line(publisher.process, rf"reader {READER}: chat record, seq 3", 5)
    assert publisher.process.output().count(f"reader {READER}: first batch, at seq 1") == 1
