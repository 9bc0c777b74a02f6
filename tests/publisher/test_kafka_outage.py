"""Kafka starts late, dies, hangs and returns: nothing is lost, and each outage is logged once."""

from __future__ import annotations

import signal
from pathlib import Path

from common.status.publisher_status import PublisherState
from tests.kafka.broker import KafkaBroker
from tests.kafka.cluster import KafkaCluster
from tests.kafka.quotas import limit_bytes_per_second
from tests.processes import StartProcess, wait_for_line
from tests.publisher.books import status_of, wait_for_status
from tests.publisher.peer import chat, connected_reader, start_publisher
from tests.topics import read_all


def test_an_outage_is_logged_once_at_its_start_and_once_at_its_end(
    processes: StartProcess, own_kafka: KafkaBroker, topic: str, short_folder: Path
) -> None:
    """At start-up, and later while no message is published that would show the recovery."""
    own_kafka.stop()
    process = start_publisher(processes, own_kafka.bootstrap, topic).process
    wait_for_line(process, "ERROR .*cannot be reached: .*Connection refused", 20)
    own_kafka.start()
    wait_for_line(process, "is ready: session", 30)
    assert process.output().count("cannot be reached") == 1
    assert process.output().count("is back") == 1

    own_kafka.kill()
    wait_for_line(process, "is ready: session(.|\n)*ERROR .*cannot be reached", 20)
    status = wait_for_status(short_folder / "var", lambda status: not status.kafka_is_reachable)
    assert status.state == PublisherState.IN_SESSION
    assert "cannot be reached" in status.problem
    own_kafka.start()
    wait_for_line(process, "is ready: session(.|\n)*INFO .*is back", 20)
    status = wait_for_status(short_folder / "var", lambda status: status.kafka_is_reachable)
    assert status.problem == ""
    assert process.output().count("cannot be reached") == 2
    assert process.output().count("is back") == 2


def test_no_record_is_lost_or_duplicated_when_kafka_is_killed_and_restarted(
    processes: StartProcess, own_kafka: KafkaBroker, topic: str
) -> None:
    """Records sent before, during and after the outage are published once, in order."""
    publisher = start_publisher(processes, own_kafka.bootstrap, topic)
    with connected_reader(publisher) as reader:
        for first in range(1, 5001, 50):
            reader.send(chat(first, 50), first)
        reader.wait_for_acknowledgement(1)
        own_kafka.kill()
        wait_for_line(publisher.process, "ERROR .*cannot be reached", 20)
        for first in range(5001, 6001, 50):
            reader.send(chat(first, 50), first)
        own_kafka.start()
        for first in range(6001, 7001, 50):
            reader.send(chat(first, 50), first)
        reader.wait_for_acknowledgement(7000, timeout_s=60)

    records = read_all(own_kafka.bootstrap, topic, timeout_s=60)
    assert [int(record.headers["seq"]) for record in records] == list(range(1, 7001))
    wait_for_line(publisher.process, "INFO .*is back", 60)
    assert publisher.process.output().count("cannot be reached") == 1


def test_the_publisher_stops_announcing_and_receiving_while_kafka_hangs(
    processes: StartProcess, own_kafka: KafkaBroker, topic: str
) -> None:
    """Readers then send nothing more. Afterwards each record is published once."""
    settings = {"KAFKA_CONF_QUEUE_BUFFERING_MAX_MESSAGES": "1000"}
    publisher = start_publisher(processes, own_kafka.bootstrap, topic, settings)
    with connected_reader(publisher) as reader:
        reader.send(chat(1, 10), 1)
        reader.wait_for_acknowledgement(10)
        own_kafka.pause()
        for first in range(11, 3011, 50):
            reader.send(chat(first, 50), first)
        reader.wait_for_silence(3, timeout_s=60)
        own_kafka.resume()
        reader.wait_for_acknowledgement(3010, timeout_s=60)

    records = read_all(own_kafka.bootstrap, topic, timeout_s=60)
    assert [int(record.headers["seq"]) for record in records] == list(range(1, 3011))


def test_the_publisher_can_be_stopped_while_kafka_hangs(
    processes: StartProcess, own_kafka: KafkaBroker, topic: str, short_folder: Path
) -> None:
    """It logs how many messages are left with the readers after 10 s; a second signal ends it."""
    settings = {"LOG_LEVEL": "debug"}
    patient = start_publisher(
        processes, own_kafka.bootstrap, topic, settings | {"STATE_DIR": "patient"}
    )
    hurried = start_publisher(processes, own_kafka.bootstrap, topic, settings)
    with connected_reader(patient) as one, connected_reader(hurried) as other:
        own_kafka.pause()
        for publisher, reader in ((patient, one), (hurried, other)):
            reader.send(chat(1, 10), 1)
            wait_for_line(publisher.process, "chat record, seq 10$", 60)
            publisher.process.send(signal.SIGTERM)
            wait_for_line(publisher.process, "waiting for Kafka to confirm 10 messages", 60)

        assert hurried.process.stop() == -signal.SIGTERM
        assert patient.process.wait(60) == 0

    wait_for_line(patient.process, "Kafka has not confirmed 10 messages; their readers keep", 1)
    status = status_of(short_folder / "patient")
    assert status.state == PublisherState.STOPPED
    assert (status.taken, status.abandoned, status.unconfirmed) == (10, 10, 0)


def test_a_delay_by_a_quota_is_logged_once(
    processes: StartProcess, real_kafka: KafkaCluster, topic: str
) -> None:
    """Kafka delays the requests that follow one that was too large for the quota."""
    limit_bytes_per_second(real_kafka.bootstrap, topic, 1000.0)
    # All of it is in one request: what came after that would be delayed by a minute.
    settings = {"KAFKA_CLIENT_ID": topic, "KAFKA_CONF_LINGER_MS": "500"}
    publisher = start_publisher(processes, real_kafka.bootstrap, topic, settings)
    with connected_reader(publisher) as reader:
        reader.send(chat(1, 1000), 1)
        reader.wait_for_acknowledgement(1000)
    wait_for_line(publisher.process, "WARNING .*delays what the publisher writes, by .*quota", 20)

    assert publisher.process.output().count("a quota") == 1
