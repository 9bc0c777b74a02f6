"""`python -m publisher tail` prints the topic's messages to stdout, the rest to stderr."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

from confluent_kafka.admin import AdminClient

from tests.kafka.cluster import KafkaCluster
from tests.processes import (
    StartProcess,
    base_environment,
    python_module,
    wait_for,
    wait_for_line,
)
from tests.publisher.peer import chat, connected_reader, start_publisher
from tests.publisher.tail.tail_process import numbers, produce, start_tail
from tests.topics import create_topic


def test_the_last_ten_of_each_partition_are_printed_and_then_new_messages(
    processes: StartProcess, kafka: KafkaCluster, topic: str
) -> None:
    """One value per line, unchanged."""
    create_topic(kafka.bootstrap, topic, partitions=1)
    produce(kafka, topic, range(100))
    process = start_tail(processes, kafka, topic)
    wait_for(lambda: len(numbers(process)) >= 10, 20, "ten messages")

    produce(kafka, topic, range(100, 103))
    wait_for(lambda: len(numbers(process)) >= 13, 20, "three more")

    assert numbers(process) == list(range(90, 103))
    wait_for_line(process, f"reading topic {topic} at {kafka.bootstrap}", 20)


def test_a_topic_that_does_not_exist_yet_is_waited_for(
    processes: StartProcess, kafka: KafkaCluster, topic: str
) -> None:
    """This is logged once. The topic is not created by `tail`, but read once it exists."""
    process = start_tail(processes, kafka, topic)
    wait_for_line(process, f"topic {topic} does not exist: .*; waiting for it", 20)
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
    assert topic not in admin.list_topics(timeout=10).topics

    create_topic(kafka.bootstrap, topic, partitions=1)
    produce(kafka, topic, range(3))

    wait_for(lambda: numbers(process) == [0, 1, 2], 20, "the messages")
    assert process.output().count("does not exist") == 1


def test_ctrl_c_ends_tail_quietly_and_leaves_no_consumer_group(
    processes: StartProcess, real_kafka: KafkaCluster, topic: str
) -> None:
    """With status 0, without a traceback, and without a trace in the cluster."""
    create_topic(real_kafka.bootstrap, topic, partitions=1)
    produce(real_kafka, topic, range(3))
    process = start_tail(processes, real_kafka, topic)
    wait_for(lambda: len(numbers(process)) == 3, 20, "the messages")

    assert process.stop(signal.SIGINT) == 0

    assert "Traceback" not in process.output()
    admin = AdminClient({"bootstrap.servers": real_kafka.bootstrap})
    groups = admin.list_consumer_groups(request_timeout=10).result().valid
    assert not [group.group_id for group in groups if "tail" in group.group_id]


def test_a_closed_pipe_ends_tail_quietly(
    kafka: KafkaCluster, topic: str, short_folder: Path
) -> None:
    """`python -m publisher tail | head -3` ends without an error about a broken pipe."""
    create_topic(kafka.bootstrap, topic, partitions=1)
    produce(kafka, topic, range(10_000))
    environment = base_environment() | {
        "KAFKA_BROKERS": kafka.bootstrap,
        "KAFKA_TOPIC_CHAT_MESSAGES": topic,
    }
    with subprocess.Popen(
        python_module("publisher", "tail", "--json", "--from-beginning"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
        cwd=short_folder,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == b'{"number":0}\n'
        process.stdout.close()
        errors = process.stderr.read().decode()

        assert process.wait(20) == 0
    assert "Broken pipe" not in errors
    assert "Traceback" not in errors


def test_the_embedded_cluster_of_a_publisher_is_found_without_an_address(
    processes: StartProcess,
) -> None:
    """`tail` runs in the same folder, and prints all of each publisher that starts meanwhile."""
    tail = processes(python_module("publisher", "tail", "--json"), {"KAFKA_BROKERS": "embedded"})
    wait_for_line(tail, "no publisher with an embedded Kafka is running here; waiting for one", 20)
    for first in (100, 200):
        # It finds the cluster only after the messages.
        tail.send(signal.SIGSTOP)
        publisher = start_publisher(processes, "embedded", "twitch-chat-messages")
        with connected_reader(publisher) as reader:
            reader.send(chat(first, 30), 1)
            reader.wait_for_acknowledgement(30)
        tail.send(signal.SIGCONT)
        wait_for_line(tail, rf'^{{"message": "{first + 29}"}}$', 20)
        assert f'{{"message": "{first}"}}' in tail.output()
        assert publisher.process.stop() == 0
        wait_for(lambda: tail.output().count("waiting for one") > first // 100, 20, "its end")  # noqa: B023

    assert "Traceback" not in tail.output()
