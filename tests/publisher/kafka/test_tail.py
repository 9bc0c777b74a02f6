"""`python -m publisher tail` prints the topic's messages to stdout, the rest to stderr."""

from __future__ import annotations

import itertools
import json
import signal
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient

from tests.kafka.cluster import KafkaCluster
from tests.processes import (
    Process,
    StartProcess,
    base_environment,
    python_module,
    wait_for,
    wait_for_line,
)
from tests.publisher.peer import chat, connected_reader, start_publisher
from tests.topics import create_topic


def start_tail(
    processes: StartProcess, cluster: KafkaCluster, topic: str, *arguments: str
) -> Process:
    settings = {
        "KAFKA_BROKERS": cluster.bootstrap,
        "KAFKA_TOPIC_CHAT_MESSAGES": topic,
        "KAFKA_TOPIC_CHAT_GAPS": f"{topic}-gaps",
        "KAFKA_TOPIC_DEAD_LETTERS": f"{topic}-dead",
    }
    return processes(python_module("publisher", "tail", *arguments), settings)


def produce(
    cluster: KafkaCluster,
    topic: str,
    numbers: range,
    *,
    channel: tuple[str, str] = ("key", "alpha"),
    timestamp: int = 0,
    partition: int = 0,
) -> None:
    """Produce numbered messages of *channel*, an id and a name, to *partition*."""
    producer = Producer({"bootstrap.servers": cluster.bootstrap})
    key, name = channel
    for number in numbers:
        producer.produce(
            topic,
            b'{"number":%d}' % number,
            key,
            partition,
            timestamp=timestamp,
            headers=[("reader", f"{name}/0123456789abcdef"), ("seq", str(number))],
        )
    assert producer.flush(20) == 0


def objects(process: Process) -> list[dict[str, Any]]:
    """Return the objects that were printed."""
    return [json.loads(line) for line in process.output().splitlines() if line.startswith("{")]


def numbers(process: Process) -> list[int]:
    """Return the numbers of the messages that were printed."""
    lines = process.output().splitlines()
    return [json.loads(line)["number"] for line in lines if line.startswith("{")]


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
    wait_for_line(process, f"reading topic {topic} at {kafka.bootstrap}", 1)


def test_with_from_beginning_all_messages_are_printed(
    processes: StartProcess, kafka: KafkaCluster, topic: str
) -> None:
    """Not only the last ten."""
    create_topic(kafka.bootstrap, topic, partitions=1)
    produce(kafka, topic, range(100))
    process = start_tail(processes, kafka, topic, "--from-beginning")

    wait_for(lambda: len(numbers(process)) >= 100, 20, "a hundred messages")

    assert numbers(process) == list(range(100))


@pytest.mark.parametrize(("number", "expected"), [(3, [97, 98, 99]), (200, list(range(100)))])
def test_n_says_how_many_are_printed_first(
    processes: StartProcess, kafka: KafkaCluster, topic: str, number: int, expected: list[int]
) -> None:
    """Of each partition; no more than there are."""
    create_topic(kafka.bootstrap, topic, partitions=1)
    produce(kafka, topic, range(100))
    process = start_tail(processes, kafka, topic, "-n", str(number))

    wait_for(lambda: len(numbers(process)) >= len(expected), 20, "the messages")

    assert numbers(process) == expected


def test_n_0_prints_only_what_is_new(
    processes: StartProcess, kafka: KafkaCluster, topic: str
) -> None:
    """Nothing that was there before."""
    create_topic(kafka.bootstrap, topic, partitions=1)
    produce(kafka, topic, range(100))
    process = start_tail(processes, kafka, topic, "-n", "0")
    wait_for_line(process, "reading topic", 20)
    later = itertools.count(100)

    def is_printed() -> bool:
        # It has no line that says where it begins, so messages are sent until one is printed.
        number = next(later)
        produce(kafka, topic, range(number, number + 1))
        return bool(numbers(process))

    wait_for(is_printed, 20, "a new message")
    assert min(numbers(process)) >= 100


@pytest.mark.parametrize("channel", ["2", "beta", "#BETA"])
def test_only_the_channel_that_is_named_is_printed(
    processes: StartProcess, kafka: KafkaCluster, topic: str, channel: str
) -> None:
    """By its id or its name: its last messages, wherever they are, and new ones."""
    create_topic(kafka.bootstrap, topic, partitions=2)
    alpha, beta = ("1", "alpha"), ("2", "beta")
    produce(kafka, topic, range(20), channel=beta)
    produce(kafka, topic, range(100, 300), channel=alpha)
    produce(kafka, topic, range(300, 310), channel=alpha, partition=1)
    process = start_tail(processes, kafka, topic, "--channel", channel, "-n", "3")
    wait_for(lambda: len(numbers(process)) >= 3, 20, "the last three")

    produce(kafka, topic, range(310, 320), channel=alpha)
    produce(kafka, topic, range(20, 22), channel=beta)

    wait_for(lambda: len(numbers(process)) >= 5, 20, "two more")
    assert numbers(process) == [17, 18, 19, 20, 21]


def test_several_channels_can_be_named(
    processes: StartProcess, kafka: KafkaCluster, topic: str
) -> None:
    """With one option for each."""
    create_topic(kafka.bootstrap, topic, partitions=1)
    for number, channel in enumerate([("1", "alpha"), ("2", "beta"), ("3", "gamma")]):
        produce(kafka, topic, range(number, number + 1), channel=channel)
    arguments = ["--channel", "alpha", "--channel", "3", "--from-beginning"]
    process = start_tail(processes, kafka, topic, *arguments)

    wait_for(lambda: len(numbers(process)) >= 2, 20, "both")

    assert numbers(process) == [0, 2]


@pytest.mark.parametrize("iso", [True, False])
def test_since_begins_with_the_records_of_a_time(
    processes: StartProcess, kafka: KafkaCluster, topic: str, iso: bool
) -> None:
    """A duration before now, or a time. It works with the embedded Kafka, which knows no times."""
    now_s = time.time()
    create_topic(kafka.bootstrap, topic, partitions=2)
    for number, age_s in enumerate([7200, 3700, 3500, 60]):
        at_ms = int((now_s - age_s) * 1000)
        produce(kafka, topic, range(number, number + 1), timestamp=at_ms)
    produce(kafka, topic, range(10, 12), timestamp=int((now_s - 7200) * 1000), partition=1)
    hour_ago = datetime.fromtimestamp(now_s - 3600, UTC).isoformat()
    process = start_tail(processes, kafka, topic, "--since", hour_ago if iso else "1h")
    wait_for(lambda: len(numbers(process)) >= 2, 20, "two messages")

    # What comes is printed, however old it is.
    produce(kafka, topic, range(12, 13), timestamp=int((now_s - 7200) * 1000), partition=1)

    wait_for(lambda: len(numbers(process)) >= 3, 20, "a new message")
    assert numbers(process) == [2, 3, 12]


def test_the_other_topics_can_be_printed(
    processes: StartProcess, kafka: KafkaCluster, topic: str
) -> None:
    """With `all`, a line says of which topic it is. A dead letter's headers say why it is one."""
    names = {"messages": topic, "gaps": f"{topic}-gaps", "dead-letters": f"{topic}-dead"}
    for number, name in enumerate(names.values()):
        create_topic(kafka.bootstrap, name, partitions=1)
        produce(kafka, name, range(number, number + 1))
    tails = {
        chosen: start_tail(processes, kafka, topic, "--topic", chosen, "--from-beginning")
        for chosen in (*names, "all")
    }
    for process in tails.values():
        wait_for(lambda: objects(process), 20, "a record")  # noqa: B023 - is called at once
    wait_for(lambda: len(objects(tails["all"])) >= 3, 20, "a record of each topic")

    headers = {"reader": "alpha/0123456789abcdef", "seq": "2"}
    assert objects(tails["messages"]) == [{"number": 0}]
    assert objects(tails["gaps"]) == [{"number": 1}]
    assert objects(tails["dead-letters"]) == [{"headers": headers, "value": {"number": 2}}]
    assert sorted(objects(tails["all"]), key=lambda line: str(line["value"])) == [
        {"topic": topic, "value": {"number": 0}},
        {"topic": f"{topic}-gaps", "value": {"number": 1}},
        {"topic": f"{topic}-dead", "headers": headers, "value": {"number": 2}},
    ]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("-n", "5", "--from-beginning"), "--from-beginning: not allowed with argument -n"),
        (("--since", "1h", "-n", "5"), "-n: not allowed with argument --since"),
        (("-n", "-1"), "'-1' is not a whole number, 0 to 1000000"),
        (("--since", "yesterday"), "'yesterday' is neither a duration (90s, 10m, 2h, 1d) nor a "),
        (("--since", "9999-01-01T00:00"), "'9999-01-01T00:00' is in the future"),
        (("--channel", "not a channel"), "'not a channel' is neither a channel's login name nor "),
        (("--topic", "progress"), "'progress' (choose from "),
    ],
)
def test_what_makes_no_sense_is_refused(
    processes: StartProcess, arguments: tuple[str, ...], words: str
) -> None:
    """With status 2, and what is wrong."""
    process = processes(python_module("publisher", "tail", *arguments))

    assert process.wait(20) == 2
    assert words in process.output()


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

    assert process.stop(signal.SIGINT, timeout_s=3) == 0

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
        python_module("publisher", "tail", "--from-beginning"),
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
    """`tail` runs in the same folder, and survives the publisher's restart."""
    tail = processes(python_module("publisher", "tail"), {"KAFKA_BROKERS": "embedded"})
    wait_for_line(tail, "no publisher with an embedded Kafka is running here; waiting for one", 20)
    for number in (1, 2):
        publisher = start_publisher(processes, "embedded", "twitch-chat-messages")
        with connected_reader(publisher) as reader:
            reader.send(chat(number, 1), 1)
            reader.wait_for_acknowledgement(1)
        wait_for_line(tail, rf'^{{"message": "{number}"}}$', 20)
        assert publisher.process.stop() == 0

    assert "Traceback" not in tail.output()


def test_the_options_work_with_the_embedded_cluster(
    processes: StartProcess, short_folder: Path
) -> None:
    """It cannot find records by their time, so that `tail` looks for them."""
    topic = "twitch-chat-messages"
    start_publisher(processes, "embedded", topic)
    file = short_folder / "var" / "kafka.bootstrap"
    wait_for(file.exists, 20, "the address of the embedded Kafka")
    cluster = KafkaCluster(file.read_text().strip())
    for number, age_s in enumerate([7200, 3700, 3500, 60]):
        for channel in ("alpha", "beta"):
            at_ms = int((time.time() - age_s) * 1000)
            key = (channel, channel)
            produce(cluster, topic, range(number, number + 1), timestamp=at_ms, channel=key)

    options = {"since": ("--since", "1h"), "last": ("-n", "3")}
    found = {
        name: processes(
            python_module("publisher", "tail", "--channel", "beta", *arguments),
            {"KAFKA_BROKERS": "embedded"},
        )
        for name, arguments in options.items()
    }
    for name, expected in {"since": [2, 3], "last": [1, 2, 3]}.items():
        wait_for(lambda: len(numbers(found[name])) >= len(expected), 20, name)  # noqa: B023
        assert numbers(found[name]) == expected
