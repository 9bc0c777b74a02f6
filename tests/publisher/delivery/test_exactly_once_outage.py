"""Kafka is killed or hangs during transactions, alone or together with the publisher."""

from __future__ import annotations

import signal

from tests.kafka.broker import KafkaBroker
from tests.processes import StartProcess, wait_for_line
from tests.publisher.delivery.exactly_once import (
    PersistentReader,
    committed,
    settle,
    start_exactly_once,
)
from tests.publisher.peer import READER, chat, connected_reader


def test_no_record_is_lost_or_duplicated_when_kafka_is_killed(
    processes: StartProcess, own_kafka: KafkaBroker, topic: str
) -> None:
    """Records sent before, during and after the outage are published once, in order."""
    publisher = start_exactly_once(processes, own_kafka.bootstrap, topic)
    persistent = PersistentReader(READER)
    with connected_reader(publisher) as reader:
        persistent.connect(reader)
        for _ in range(100):
            persistent.model.append(50)
            persistent.exchange()
        own_kafka.kill()
        for _ in range(20):
            persistent.model.append(50)
            persistent.exchange()
        wait_for_line(publisher.process, "ERROR .*cannot be reached", 20)
        own_kafka.start()
        for _ in range(20):
            persistent.model.append(50)
        settle([persistent])

    assert committed(own_kafka.bootstrap, topic) == list(range(1, 7001))
    assert "Traceback" not in publisher.process.output()


def test_no_record_is_lost_or_duplicated_when_kafka_hangs(
    processes: StartProcess, own_kafka: KafkaBroker, topic: str
) -> None:
    """The publisher waits for Kafka. After a second signal it ends; its successor continues."""
    settings = {"LOG_LEVEL": "debug"}
    publisher = start_exactly_once(processes, own_kafka.bootstrap, topic, settings)
    persistent = PersistentReader(READER)
    with connected_reader(publisher) as reader:
        persistent.connect(reader)
        _send_and_settle(persistent)
        own_kafka.pause()
        persistent.model.append(10)
        persistent.exchange()
        reader.wait_for_silence(3, timeout_s=60)
        own_kafka.resume()
        settle([persistent])
        own_kafka.pause()
        persistent.model.append(10)
        persistent.exchange()
        wait_for_line(publisher.process, "chat record, seq 30$", 60)
        publisher.process.send(signal.SIGTERM)
        wait_for_line(publisher.process, "waiting for Kafka to confirm 10 messages", 60)
        assert publisher.process.stop() == -signal.SIGTERM
        own_kafka.resume()
    publisher = start_exactly_once(processes, own_kafka.bootstrap, topic)
    with connected_reader(publisher) as reader:
        persistent.connect(reader)
        _send_and_settle(persistent)

    assert committed(own_kafka.bootstrap, topic) == list(range(1, 41))


def test_received_records_are_committed_and_acknowledged_before_the_publisher_ends(
    processes: StartProcess, own_kafka: KafkaBroker, topic: str
) -> None:
    """Stopped during a transaction, it waits for Kafka and acknowledges its readers."""
    publisher = start_exactly_once(processes, own_kafka.bootstrap, topic, {"LOG_LEVEL": "debug"})
    with connected_reader(publisher) as reader:
        own_kafka.pause()
        reader.send(chat(1, 200), 1)
        wait_for_line(publisher.process, "chat record, seq 200$", 60)
        publisher.process.send(signal.SIGTERM)
        wait_for_line(publisher.process, "waiting for Kafka to confirm 200 messages", 60)
        own_kafka.resume()

        assert publisher.process.wait(60) == 0
        assert committed(own_kafka.bootstrap, topic) == list(range(1, 201))
        reader.wait_for_acknowledgement(200)


def _send_and_settle(reader: PersistentReader) -> None:
    reader.model.append(10)
    settle([reader])
