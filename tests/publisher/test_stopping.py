"""How the publisher stops: received records are confirmed and acknowledged first."""

from __future__ import annotations

import json
import re
import signal

import pytest
import zmq

from tests.kafka.cluster import KafkaCluster
from tests.ports import free_port
from tests.processes import StartProcess, python_module, wait_for_line
from tests.publisher.peer import chat, connected_reader, start_publisher
from tests.topics import read_all

NO_KAFKA = "127.0.0.1:1"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_received_records_are_confirmed_and_acknowledged_before_the_publisher_ends(
    processes: StartProcess, kafka: KafkaCluster, topic: str, number: signal.Signals
) -> None:
    """Stopped while it receives, it acknowledges exactly the published records."""
    # With this linger Kafka receives nothing before the stop.
    settings = {"KAFKA_CONF_LINGER_MS": "60000", "LOG_LEVEL": "debug"}
    publisher = start_publisher(processes, kafka.bootstrap, topic, settings)
    with connected_reader(publisher) as reader:
        for first in range(1, 1001, 10):
            reader.send(chat(first, 10), first)
        wait_for_line(publisher.process, "chat record, seq 200$", 60)

        assert publisher.process.stop(number) == 0

        records = read_all(kafka.bootstrap, topic, timeout_s=20)
        assert len(records) >= 200
        reader.wait_for_acknowledgement(len(records))
        assert reader.acknowledged[-1] == len(records)


def test_the_last_summary_has_its_counts_as_json(
    processes: StartProcess, kafka: KafkaCluster, topic: str
) -> None:
    """A log pipeline need not read the text."""
    publisher = start_publisher(processes, kafka.bootstrap, topic, {"LOG_FORMAT": "json"})
    with connected_reader(publisher) as reader:
        reader.send(chat(1, 10), 1)
        reader.wait_for_acknowledgement(10)
    assert publisher.process.stop() == 0
    lines = [json.loads(line) for line in publisher.process.output().splitlines()]
    (summary,) = [line for line in lines if "messages taken" in line["message"]]
    assert summary["counts"]["taken"] == summary["counts"]["confirmed"] == 10
    assert summary["counts"]["malformed"] == {}


def test_an_idle_publisher_stops_promptly(
    processes: StartProcess, kafka: KafkaCluster, topic: str
) -> None:
    """There is nothing to wait for."""
    publisher = start_publisher(processes, kafka.bootstrap, topic)
    wait_for_line(publisher.process, "is ready: session", 20)

    assert publisher.process.stop() == 0
    assert "waiting for Kafka" not in publisher.process.output()
    assert "publisher: stopped" in publisher.process.output()


def test_the_publisher_stops_promptly_while_it_waits_for_kafka(
    processes: StartProcess, topic: str
) -> None:
    """With status 0, although Kafka was never reachable."""
    publisher = start_publisher(processes, NO_KAFKA, topic)
    wait_for_line(publisher.process, "cannot be reached", 20)

    assert publisher.process.stop(timeout_s=20) == 0


def test_an_address_in_use_is_reported_with_its_setting(
    processes: StartProcess, topic: str
) -> None:
    """The status is 1. The error names the address and the setting."""
    endpoint = f"tcp://127.0.0.1:{free_port()}"
    with zmq.Context() as context, context.socket(zmq.PULL) as other:
        other.bind(endpoint)
        settings = {
            "KAFKA_BROKERS": NO_KAFKA,
            "KAFKA_TOPIC_CHAT_MESSAGES": topic,
            "PUBLISHER_BIND": "tcp://127.0.0.1:0",
            "PUBLISHER_ACK_BIND": endpoint,
        }
        process = processes(python_module("publisher"), settings)

        assert process.wait(20) == 1

    assert re.search(
        rf"PUBLISHER_ACK_BIND holds {endpoint}, but that address is in use", process.output()
    )
    assert "Traceback" not in process.output()


def test_help_names_the_settings_and_the_exit_codes(processes: StartProcess) -> None:
    """And the subcommand `tail`."""
    process = processes(python_module("publisher", "--help"))

    assert process.wait(20) == 0
    for words in ("KAFKA_BROKERS", "KAFKA_CONF_*", "exit status:", "tail"):
        assert words in process.output()
