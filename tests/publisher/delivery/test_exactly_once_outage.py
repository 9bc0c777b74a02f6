"""Kafka is killed or hangs in the middle of transactions, alone or together with the publisher."""

from __future__ import annotations

import signal

from tests.kafka.broker import KafkaBroker
from tests.processes import StartProcess, wait_for_line
from tests.publisher.delivery.exactly_once import (
    LastingReader,
    committed,
    settle,
    start_exactly_once,
)
from tests.publisher.peer import READER, chat, connected_reader


def test_a_kafka_that_is_killed_in_the_middle_costs_nothing_and_repeats_nothing(
    processes: StartProcess, own_kafka: KafkaBroker, topic: str
) -> None:
    """What is sent before, while it is down and after: each record once, in order."""
    publisher = start_exactly_once(processes, own_kafka.bootstrap, topic)
    lasting = LastingReader(READER)
    with connected_reader(publisher) as reader:
        lasting.connect(reader)
        for _ in range(100):
            lasting.model.append(50)
            lasting.turn()
        own_kafka.kill()
        for _ in range(20):
            lasting.model.append(50)
            lasting.turn()
        wait_for_line(publisher.process, "ERROR .*cannot be reached", 20)
        own_kafka.start()
        for _ in range(20):
            lasting.model.append(50)
        settle([lasting])

    assert committed(own_kafka.bootstrap, topic) == list(range(1, 7001))
    assert "Traceback" not in publisher.process.output()


def test_a_kafka_that_hangs_is_waited_for_and_what_is_open_then_is_published_once(
    processes: StartProcess, own_kafka: KafkaBroker, topic: str
) -> None:
    """It goes on when Kafka does; or ends at the second signal, and the next one goes on."""
    settings = {"LOG_LEVEL": "debug"}
    publisher = start_exactly_once(processes, own_kafka.bootstrap, topic, settings)
    lasting = LastingReader(READER)
    with connected_reader(publisher) as reader:
        lasting.connect(reader)
        _say_and_settle(lasting)
        own_kafka.pause()
        lasting.model.append(10)
        lasting.turn()
        reader.wait_for_silence(3, timeout_s=20)
        own_kafka.resume()
        settle([lasting])
        own_kafka.pause()
        lasting.model.append(10)
        lasting.turn()
        wait_for_line(publisher.process, "chat record, seq 30$", 10)
        publisher.process.send(signal.SIGTERM)
        wait_for_line(publisher.process, "waiting for Kafka to confirm 10 messages", 5)
        assert publisher.process.stop(timeout_s=2) == -signal.SIGTERM
        own_kafka.resume()
    publisher = start_exactly_once(processes, own_kafka.bootstrap, topic)
    with connected_reader(publisher) as reader:
        lasting.connect(reader)
        _say_and_settle(lasting)

    assert committed(own_kafka.bootstrap, topic) == list(range(1, 41))


def test_what_was_taken_is_committed_and_acknowledged_before_it_ends(
    processes: StartProcess, own_kafka: KafkaBroker, topic: str
) -> None:
    """Asked to stop in the middle of a transaction, it waits for Kafka, and tells its readers."""
    publisher = start_exactly_once(processes, own_kafka.bootstrap, topic, {"LOG_LEVEL": "debug"})
    with connected_reader(publisher) as reader:
        own_kafka.pause()
        reader.send(chat(1, 200), 1)
        wait_for_line(publisher.process, "chat record, seq 200$", 10)
        publisher.process.send(signal.SIGTERM)
        wait_for_line(publisher.process, "waiting for Kafka to confirm 200 messages", 5)
        own_kafka.resume()

        assert publisher.process.wait(10) == 0
        assert committed(own_kafka.bootstrap, topic) == list(range(1, 201))
        reader.wait_for_acknowledgement(200)


def _say_and_settle(reader: LastingReader) -> None:
    reader.model.append(10)
    settle([reader])
