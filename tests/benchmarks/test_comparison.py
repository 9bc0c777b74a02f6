"""The Node script that the service is compared with does the same job."""

from __future__ import annotations

import uuid

import pytest

from benchmarks.comparison import MODES, measure_script, measure_service, rows
from benchmarks.installation import CHANNEL
from benchmarks.load import chat_lines
from common.chat_message import encode_chat_message
from readers.parsing.chat_parser import received_message
from readers.parsing.irc import parse_irc
from tests.kafka.cluster import KafkaCluster
from tests.topics import read_topic

MESSAGES = 300
COLUMNS = ["messages", "messages/s", "CPU s/million", "peak MiB"]


def published_by_the_service(lines: list[bytes]) -> list[bytes]:
    """Return the values that the service publishes for *lines*, sorted."""
    messages = [
        received_message(irc, room_id="", now_ms=0) for line in lines if (irc := parse_irc(line))
    ]
    return sorted(encode_chat_message(message.message) for message in messages if message)


@pytest.mark.usefixtures("node")
@pytest.mark.parametrize("mode", MODES)
def test_the_script_publishes_the_same_records(real_kafka: KafkaCluster, mode: str) -> None:
    """Byte for byte, as this service publishes for the same lines."""
    topic = f"script-{uuid.uuid4()}"
    figures = measure_script(real_kafka.bootstrap, topic, mode, MESSAGES)
    assert list(figures) == COLUMNS
    records = read_topic(real_kafka.bootstrap, topic, count=MESSAGES, timeout_s=30)
    expected = published_by_the_service(chat_lines(CHANNEL, MESSAGES))
    assert sorted(record.value for record in records) == expected


def test_the_service_is_measured_in_the_same_columns() -> None:
    """The figures of readers and publisher are added."""
    figures = measure_service("embedded", "comparison", 1, MESSAGES)
    assert list(figures) == COLUMNS
    assert figures["messages"] == MESSAGES


def test_the_median_round_counts_and_is_compared_with_the_script_in_both_modes() -> None:
    """Each row has its speed relative to each script."""
    speeds = {"Node script, each": [9, 10, 11], "Node script, batched": [50], "1 readers": [100]}
    measured = {
        (what, "real"): [dict.fromkeys(COLUMNS, 1.0) | {"messages/s": speed} for speed in found]
        for what, found in speeds.items()
    }
    script, _, service = rows(measured)
    assert list(service) == ["what", "kafka", *COLUMNS, "times each", "times batched"]
    assert (script["messages/s"], service["times each"], service["times batched"]) == (10, 10, 2)
