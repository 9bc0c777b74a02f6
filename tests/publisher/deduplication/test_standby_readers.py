"""Two readers of a channel: each message is published once, a gap only if both were away."""

from __future__ import annotations

import pytest

from common.chat_gap import ChatGap, GapReason, decode_chat_gap, encode_chat_gap
from common.frames import Batch, Kind, Presence, Record, encode_frame
from common.unix_time import unix_ms
from tests.kafka.cluster import KafkaCluster
from tests.processes import StartProcess, wait_for_line
from tests.publisher.delivery.exactly_once import start_exactly_once
from tests.publisher.peer import KEY, Publisher, connected_readers, start_publisher
from tests.topics import Record as Published
from tests.topics import read_all

ANN = "xqc/ann"
BOB = "xqc/bob"
CHANNEL = KEY.decode()


def message_ids(first: int, count: int) -> list[bytes]:
    """Return ids in Twitch's format."""
    return [b"00000000-0000-4000-8000-%012x" % number for number in range(first, first + count)]


def messages(first: int, count: int) -> Batch:
    """Return a batch of the messages with these numbers, as each reader would send it."""
    return Batch(
        Kind.CHAT,
        [Record(KEY, unix_ms(), b"{}", message_id) for message_id in message_ids(first, count)],
    )


def gap(from_ms: int, to_ms: int) -> Batch:
    value = encode_chat_gap(ChatGap(CHANNEL, "xqc", from_ms, to_ms, GapReason.RESTARTED))
    return Batch(Kind.GAP, [Record(KEY, unix_ms(), value)])


def committed(kafka: KafkaCluster, topic: str) -> list[Published]:
    return read_all(kafka.bootstrap, topic, timeout_s=20, isolation="read_committed")


def start(
    processes: StartProcess, kafka: KafkaCluster, topic: str, delivery: str = "at-least-once"
) -> Publisher:
    begin = start_exactly_once if delivery == "exactly-once" else start_publisher
    return begin(processes, kafka.bootstrap, topic, {"DEDUPLICATE": "true"})


deliveries = pytest.mark.parametrize("delivery", ["at-least-once", "exactly-once"])


@deliveries
def test_a_message_that_both_readers_send_is_published_once(
    processes: StartProcess, real_kafka: KafkaCluster, topic: str, delivery: str
) -> None:
    """Its headers hold the reader, its seq and its id. Both readers are acknowledged."""
    publisher = start(processes, real_kafka, topic, delivery)
    ids_of = {
        ANN.encode(): message_ids(1, 20),
        BOB.encode(): message_ids(1, 10) + message_ids(16, 10),
    }
    with connected_readers(publisher, ANN, BOB) as (ann, bob):
        assert ann.deduplicates
        ann.send(messages(1, 20), 1)
        bob.send(messages(1, 10), 1)
        bob.send(messages(16, 10), 11)
        bob.wait_for_acknowledgement(20)
        ann.wait_for_acknowledgement(20)
    assert publisher.process.stop() == 0

    published = committed(real_kafka, topic)
    assert sorted(record.headers["id"] for record in published) == message_ids(1, 25)
    for record in published:
        own = ids_of[record.headers["reader"]]
        assert record.headers["id"] == own[int(record.headers["seq"]) - 1]
    wait_for_line(publisher.process, "40 messages taken; 40 confirmed .*; 15 duplicates", 5)


@deliveries
def test_a_restarted_publisher_loads_the_ids_that_it_has_published(
    processes: StartProcess, real_kafka: KafkaCluster, topic: str, delivery: str
) -> None:
    """A second reader that was behind is acknowledged, without duplicates."""
    first = start(processes, real_kafka, topic, delivery)
    with connected_readers(first, ANN) as (ann,):
        ann.send(messages(1, 100), 1)
        ann.wait_for_acknowledgement(100)
    first.process.kill()

    second = start(processes, real_kafka, topic, delivery)
    wait_for_line(second.process, "loaded the ids of 100 published messages", 20)
    with connected_readers(second, BOB) as (bob,):
        bob.send(messages(1, 110), 1)
        bob.wait_for_acknowledgement(110)

    ids = [record.headers["id"] for record in committed(real_kafka, topic)]
    assert sorted(ids) == message_ids(1, 110)


def test_a_reader_that_sends_only_copies_keeps_its_checkpoint(
    processes: StartProcess, real_kafka: KafkaCluster, topic: str
) -> None:
    """With exactly-once, the checkpoint of a batch without new records is committed, too."""
    first = start(processes, real_kafka, topic, "exactly-once")
    with connected_readers(first, ANN, BOB) as (ann, bob):
        ann.send(messages(1, 10), 1)
        ann.wait_for_acknowledgement(10)
        bob.send(messages(1, 10), 1)
        bob.wait_for_acknowledgement(10)
    first.process.kill()

    second = start(processes, real_kafka, topic, "exactly-once")
    with connected_readers(second, BOB) as (bob,):
        bob.send(messages(1, 10), 1)
        bob.wait_for_acknowledgement(10)

    assert second.process.stop() == 0
    wait_for_line(second.process, "1 batch refused, out of sequence", 5)


def test_a_message_that_kafka_refuses_becomes_one_dead_letter(
    processes: StartProcess, real_kafka: KafkaCluster, topic: str
) -> None:
    """The dead letter has the message's id. The message counts as confirmed."""
    publisher = start(processes, real_kafka, topic)
    (message_id,) = message_ids(1, 1)
    huge = Batch(Kind.CHAT, [Record(KEY, unix_ms(), bytes(2_000_000), message_id)])
    with connected_readers(publisher, ANN, BOB) as readers:
        for reader in readers:
            reader.send(huge, 1)
        for reader in readers:
            reader.wait_for_acknowledgement(1)

    (letter,) = committed(real_kafka, f"{topic}-dead")
    assert letter.headers["id"] == message_id
    assert committed(real_kafka, topic) == []


def test_only_the_part_of_a_gap_without_another_reader_is_published(
    processes: StartProcess, kafka: KafkaCluster, topic: str
) -> None:
    """A gap that another reader covers is left out, and acknowledged."""
    publisher = start(processes, kafka, topic)
    with connected_readers(publisher, ANN, BOB) as (ann, bob):
        bob.send_frames([encode_frame(Presence(BOB, CHANNEL, 1000, 2000))])
        bob.send(messages(1, 1), 1)
        bob.wait_for_acknowledgement(1)
        ann.send(gap(1100, 1900), 1)
        ann.send(gap(1500, 2500), 2)
        ann.wait_for_acknowledgement(2)
    assert publisher.process.stop() == 0

    (record,) = committed(kafka, f"{topic}-gaps")
    assert record.headers["seq"] == b"2"
    published = decode_chat_gap(record.value)
    assert (published.from_ms, published.to_ms) == (2001, 2500)
    wait_for_line(publisher.process, "1 gap left out", 5)


def test_without_the_setting_everything_is_published(
    processes: StartProcess, kafka: KafkaCluster, topic: str
) -> None:
    """Copies and covered gaps, too. Messages have their ids; presence is ignored."""
    publisher = start_publisher(processes, kafka.bootstrap, topic)
    with connected_readers(publisher, ANN, BOB) as (ann, bob):
        assert not ann.deduplicates
        bob.send_frames([encode_frame(Presence(BOB, CHANNEL, 1000, 2000))])
        bob.send(messages(1, 10), 1)
        bob.wait_for_acknowledgement(10)
        ann.send(messages(1, 10), 1)
        ann.send(gap(1100, 1900), 11)
        ann.wait_for_acknowledgement(11)
    assert publisher.process.stop() == 0

    published = committed(kafka, topic)
    assert len(published) == 20
    assert {tuple(record.headers) for record in published} == {("reader", "seq", "id")}
    assert len(committed(kafka, f"{topic}-gaps")) == 1
    assert "dropped" not in publisher.process.output()
