"""The options of `tail`: which records it prints, and how."""

from __future__ import annotations

import itertools
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.kafka.cluster import KafkaCluster
from tests.processes import (
    StartProcess,
    python_module,
    wait_for,
    wait_for_line,
)
from tests.publisher.peer import start_publisher
from tests.publisher.tail.tail_process import numbers, objects, produce, start_tail
from tests.topics import create_topic


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
    names = {
        "messages": topic,
        "events": f"{topic}-events",
        "gaps": f"{topic}-gaps",
        "dead-letters": f"{topic}-dead",
    }
    for number, name in enumerate(names.values()):
        create_topic(kafka.bootstrap, name, partitions=1)
        produce(kafka, name, range(number, number + 1))
    tails = {
        chosen: start_tail(processes, kafka, topic, "--topic", chosen, "--from-beginning")
        for chosen in (*names, "all")
    }
    for process in tails.values():
        wait_for(lambda: objects(process), 20, "a record")  # noqa: B023 - is called at once
    wait_for(lambda: len(objects(tails["all"])) >= 4, 20, "a record of each topic")

    headers = {"reader": "alpha/0123456789abcdef", "seq": "3"}
    assert objects(tails["messages"]) == [{"number": 0}]
    assert objects(tails["events"]) == [{"number": 1}]
    assert objects(tails["gaps"]) == [{"number": 2}]
    assert objects(tails["dead-letters"]) == [{"headers": headers, "value": {"number": 3}}]
    assert sorted(objects(tails["all"]), key=lambda line: str(line["value"])) == [
        {"topic": topic, "value": {"number": 0}},
        {"topic": f"{topic}-events", "value": {"number": 1}},
        {"topic": f"{topic}-gaps", "value": {"number": 2}},
        {"topic": f"{topic}-dead", "headers": headers, "value": {"number": 3}},
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
            python_module("publisher", "tail", "--json", "--channel", "beta", *arguments),
            {"KAFKA_BROKERS": "embedded"},
        )
        for name, arguments in options.items()
    }
    for name, expected in {"since": [2, 3], "last": [1, 2, 3]}.items():
        wait_for(lambda: len(numbers(found[name])) >= len(expected), 20, name)  # noqa: B023
        assert numbers(found[name]) == expected
