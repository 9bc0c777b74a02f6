"""Exactly once: what was committed is not published again, whoever was killed or started twice."""

from __future__ import annotations

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._config import ConfigResource

from common.frames import Batch, Kind, Record
from tests.kafka.cluster import KafkaCluster
from tests.processes import StartProcess, python_module, wait_for_line
from tests.publisher.delivery.exactly_once import committed, start_exactly_once
from tests.publisher.peer import (
    KEY,
    READER,
    chat,
    connected_reader,
    connected_readers,
    now_ms,
    start_publisher,
)
from tests.topics import read_all, read_topic

_READY = "is ready: session"


def test_what_is_acknowledged_is_committed_as_it_was_sent(
    processes: StartProcess, real_kafka: KafkaCluster, topic: str
) -> None:
    """Both kinds of records, of several readers, over many transactions, in order."""
    publisher = start_exactly_once(processes, real_kafka.bootstrap, topic)
    gap = Record(KEY, now_ms(), "né 😀\0".encode() + b"\xff")
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


def test_what_was_committed_but_not_acknowledged_is_not_published_again(
    processes: StartProcess, real_kafka: KafkaCluster, topic: str
) -> None:
    """After a crash the reader sends it again, and only hears that it is there; and goes on."""
    first = start_exactly_once(processes, real_kafka.bootstrap, topic)
    with connected_reader(first) as reader:
        reader.send(chat(1, 10), 1)
        reader.send(chat(11, 10), 11)
        # Seen by a consumer, and by nobody else: the reader does not listen.
        read_topic(real_kafka.bootstrap, topic, count=20, timeout_s=20, isolation="read_committed")
    first.process.kill()

    second = start_exactly_once(processes, real_kafka.bootstrap, topic)
    with connected_readers(second, READER, "other/00") as (reader, unknown):
        reader.send(chat(1, 10), 1)
        reader.wait_for_acknowledgement(20)
        reader.send(chat(11, 10), 11)
        reader.send(chat(21, 10), 21)
        reader.wait_for_acknowledgement(30)
        # One that no mark is known of begins with its oldest record.
        unknown.send(chat(5, 3), 5, oldest=5)
        unknown.wait_for_acknowledgement(7)

    assert committed(real_kafka.bootstrap, topic, READER) == list(range(1, 31))
    assert committed(real_kafka.bootstrap, topic, "other/00") == [5, 6, 7]


def test_a_second_publisher_fences_the_first_which_names_it_and_stops(
    processes: StartProcess, real_kafka: KafkaCluster, topic: str
) -> None:
    """The status is 3, the second goes on, and the reader's records are there once."""
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


def test_a_publisher_that_kafka_itself_has_fenced_goes_on(
    processes: StartProcess, real_kafka: KafkaCluster, topic: str
) -> None:
    """As when a transaction has lasted too long: nobody has claimed the id, so it is still ours."""
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


def test_marks_that_lie_behind_another_one_s_open_transaction_are_waited_for(
    processes: StartProcess, real_kafka: KafkaCluster, topic: str
) -> None:
    """Two installations may share the topic; open transactions of one do not hide the other's."""
    first = start_exactly_once(processes, real_kafka.bootstrap, topic)
    wait_for_line(first.process, _READY, 20)
    stranger = Producer(
        {"bootstrap.servers": real_kafka.bootstrap, "transactional.id": f"{topic}-stranger"}
    )
    stranger.init_transactions(20)
    stranger.begin_transaction()
    stranger.produce(f"{topic}-progress", b'{"version":1,"seq":1}', b"stranger/00")
    stranger.flush(20)
    with connected_reader(first) as reader:
        reader.send(chat(1, 10), 1)
        reader.wait_for_acknowledgement(10)
    first.process.kill()

    second = start_exactly_once(processes, real_kafka.bootstrap, topic)
    wait_for_line(second.process, "another publisher's transaction is open; waiting", 20)
    stranger.abort_transaction(20)
    wait_for_line(
        second.process, rf"read the checkpoints of 1 readers from topic {topic}-progress", 20
    )


def test_the_progress_topic_is_made_to_be_compacted(
    processes: StartProcess, real_kafka: KafkaCluster, topic: str
) -> None:
    """Whatever is old in it goes, whatever is last of a reader stays."""
    publisher = start_exactly_once(processes, real_kafka.bootstrap, topic)
    wait_for_line(publisher.process, _READY, 20)
    resource = ConfigResource(ConfigResource.Type.TOPIC, f"{topic}-progress")
    admin = AdminClient({"bootstrap.servers": real_kafka.bootstrap})

    config = admin.describe_configs([resource])[resource].result(10)

    assert config["cleanup.policy"].value == "compact"


def test_it_stops_promptly_while_it_waits_for_kafka(processes: StartProcess, topic: str) -> None:
    """A Kafka that was never there does not keep it from ending, with status 0."""
    publisher = start_exactly_once(processes, "127.0.0.1:1", topic)
    wait_for_line(publisher.process, "cannot be reached", 20)

    assert publisher.process.stop(timeout_s=3) == 0


def test_a_progress_topic_that_holds_something_else_is_a_wrong_setting(
    processes: StartProcess, real_kafka: KafkaCluster, topic: str
) -> None:
    """Named, with what is in the way; it is neither taken for marks nor passed over."""
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
def test_what_cannot_be_is_said_before_anything_starts(
    processes: StartProcess, settings: dict[str, str], words: str
) -> None:
    """One line with the setting's name, and status 78."""
    binds = {"PUBLISHER_BIND": "tcp://127.0.0.1:0", "PUBLISHER_ACK_BIND": "tcp://127.0.0.1:0"}
    environment = {"DELIVERY": "exactly-once", **binds, **settings}
    process = processes(python_module("publisher"), environment)

    assert process.wait(20) == 78
    assert words in process.output()
    assert "Traceback" not in process.output()


def _fence(cluster: KafkaCluster, transactional_id: str) -> None:
    """Have Kafka take nothing more from whoever had the id, as it does when it loses patience."""
    other = Producer({"bootstrap.servers": cluster.bootstrap, "transactional.id": transactional_id})
    other.init_transactions(20)
