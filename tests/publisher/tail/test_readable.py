"""What `tail` prints for a person, from real topics, through a pipe and on a terminal."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from confluent_kafka import Producer

from common import event_payloads as payloads
from common.chat_event import ChatEvent, encode_chat_event
from common.chat_message import ChatMessage, encode_chat_message
from tests.kafka.cluster import KafkaCluster
from tests.monitor.terminal.terminal import terminal
from tests.processes import StartProcess, python_module, wait_for, wait_for_line
from tests.publisher.tail.tail_process import objects, topic_settings
from tests.topics import create_topic

_LINE = re.compile(r"^(?:\d{4}-\d\d-\d\d )?\d\d:\d\d:\d\d #(alpha .*)$", re.MULTILINE)
_TAIL = python_module("publisher", "tail")


def _message(number: int) -> bytes:
    return encode_chat_message(ChatMessage("1", "9", "glassy_zeppelin", f"{number}", 1, []))


def _timeout(seconds: int) -> bytes:
    payload = payloads.ClearUserMessages("9", "glassy_zeppelin", seconds)
    return encode_chat_event(
        ChatEvent(
            channel_id="1",
            channel="alpha",
            type="clear_user_messages",
            timestamp=1,
            clear_user_messages=payload,
        )
    )


def _produce(cluster: KafkaCluster, values: Mapping[str, Mapping[int, bytes]]) -> None:
    """Produce to new topics the values, each at its number of seconds from a minute ago on."""
    begin_ms = int(time.time() * 1000) - 60_000
    producer = Producer({"bootstrap.servers": cluster.bootstrap})
    for topic, records in values.items():
        create_topic(cluster.bootstrap, topic, partitions=1)
        for at_s, value in records.items():
            producer.produce(
                topic,
                value,
                "1",
                timestamp=begin_ms + at_s * 1000,
                headers=[("reader", "alpha/0123456789abcdef"), ("seq", str(at_s))],
            )
    assert producer.flush(60) == 0


def _printed(output: str) -> list[str]:
    return _LINE.findall(output)


@pytest.mark.parametrize("start", [("-n", "10"), ("--since", "5m"), ("--channel", "alpha")])
def test_what_was_there_is_printed_in_order_of_time(
    processes: StartProcess, kafka: KafkaCluster, topic: str, start: tuple[str, ...]
) -> None:
    """Records of all topics together, wherever they begin; and no escape codes in a pipe."""
    values = {
        topic: {number: _message(number) for number in (0, 3, 4, 9)},
        f"{topic}-events": {number: _timeout(number) for number in (1, 5, 8)},
        f"{topic}-gaps": {6: b"no gap"},
        f"{topic}-dead": {2: b"no letter"},
    }
    _produce(kafka, values)
    process = processes([*_TAIL, "--all", *start], topic_settings(kafka, topic))
    wait_for(lambda: len(_printed(process.output())) >= 9, 60, "all records")

    timed_out = "alpha ✗ glassy_zeppelin was timed out for"
    assert _printed(process.output()) == [
        "alpha glassy_zeppelin: 0",
        f"{timed_out} 1 s",
        "alpha no letter",
        "alpha glassy_zeppelin: 3",
        "alpha glassy_zeppelin: 4",
        f"{timed_out} 5 s",
        "alpha no gap",
        f"{timed_out} 8 s",
        "alpha glassy_zeppelin: 9",
    ]
    assert "\x1b" not in process.output()


def test_without_events_the_other_topics_are_printed(
    processes: StartProcess, kafka: KafkaCluster, topic: str
) -> None:
    """And what was asked for alone is refused."""
    settings = topic_settings(kafka, topic) | {"KAFKA_TOPIC_CHAT_EVENTS": ""}
    _produce(kafka, {topic: {0: _message(0)}, f"{topic}-gaps": {}, f"{topic}-dead": {}})
    everything = processes([*_TAIL, "--topic", "all"], settings)
    events = processes([*_TAIL, "--topic", "events"], settings)

    assert events.wait(60) == 78
    assert "KAFKA_TOPIC_CHAT_EVENTS is set to nothing" in events.output()
    wait_for_line(everything, "#alpha glassy_zeppelin: 0", 60)


def test_a_terminal_shows_colors_and_obeys_nobody_in_chat(
    kafka: KafkaCluster, topic: str, tmp_path: Path
) -> None:
    """Nor with --json. With NO_COLOR there are no colors."""
    hostile = ChatMessage("1", "9", "glassy_zeppelin", "\x1b[2J\x9b2J\u202eend", 1, [])
    # Another program's JSON, in which nothing is escaped.
    raw = '{"text":"\x9b2J\u202eend"}'.encode()
    _produce(kafka, {topic: {0: encode_chat_message(hostile), 1: raw}})
    settings = topic_settings(kafka, topic)
    for arguments, more, shown in (
        ((), {}, "glassy_zeppelin: \ufffd[2J\ufffd2J\ufffdend"),
        ((), {"NO_COLOR": "1"}, "glassy_zeppelin: \ufffd[2J\ufffd2J\ufffdend"),
        (("--json",), {}, '{"text":"\\u009b2J\\u202eend"}'),
    ):
        command = [*_TAIL, *arguments]
        with terminal(command, settings | more, tmp_path, columns=200) as tail:
            tail.wait_for(shown)
            written = tail.written.decode()
        is_colored = not arguments and not more
        assert ("\x1b[2m" in written) == is_colored
        assert ("\x1b" in written) == is_colored
        assert not {"\x9b", "\u202e", "\x1b[2J"} & set(
            re.findall(r"\x1b\[2J|[\x9b\u202e]", written)
        )


def test_json_of_a_pipe_is_as_it_was_published(
    processes: StartProcess, kafka: KafkaCluster, topic: str
) -> None:
    """Byte for byte."""
    _produce(kafka, {topic: {0: _message(0)}})
    process = processes([*_TAIL, "--json"], topic_settings(kafka, topic))
    wait_for(lambda: objects(process), 60, "the message")
    assert _message(0).decode() in process.output().splitlines()
