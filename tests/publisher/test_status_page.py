"""What the running publisher says in its status page; `status_of` checks that it balances."""

from __future__ import annotations

from pathlib import Path

import pytest

from common.frames import Batch, Kind, Record
from common.status.page import read_page
from common.status.publisher_status import (
    PUBLISHER_PAGE_BYTES,
    PublisherState,
    PublisherStatus,
    publisher_page,
)
from common.unix_time import unix_ms
from tests.kafka.cluster import KafkaCluster
from tests.processes import StartProcess, wait_for_line
from tests.publisher.books import status_of, wait_for_status
from tests.publisher.peer import KEY, chat, connected_reader, start_publisher

NO_KAFKA = "127.0.0.1:1"


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """The publisher's STATE_DIR."""
    return tmp_path / "state"


def test_the_page_says_what_became_of_each_record(
    processes: StartProcess, kafka: KafkaCluster, topic: str, state: Path
) -> None:
    """Published records by topic, and both delays of each batch."""
    publisher = start_publisher(processes, kafka.bootstrap, topic, {"STATE_DIR": str(state)})
    with connected_reader(publisher) as reader:
        reader.send(chat(1, 10), 1)
        reader.send(Batch(Kind.GAP, [Record(KEY, unix_ms(), b"{}")]), 11)
        reader.wait_for_acknowledgement(11)
        status = wait_for_status(state, lambda status: status.readers == 1)

        assert status.state == PublisherState.IN_SESSION
        assert status.session == reader.session
        assert status.problem == ""
        assert status.kafka_is_reachable
        assert status.kafka_brokers == kafka.bootstrap
        assert status.published == {topic: 10, f"{topic}-events": 0, f"{topic}-gaps": 1}
        assert status.unconfirmed == status.oldest_unconfirmed_ms == 0
        assert sum(status.delivery.counts) == 10
        assert sum(status.publish.counts) == 2
    wait_for_status(state, lambda status: status.readers == 0 and status.ended_connections == 1)

    assert publisher.process.stop() == 0
    page = read_page(publisher_page(state), PublisherStatus, PUBLISHER_PAGE_BYTES)
    assert page.status.state == PublisherState.STOPPED
    assert not page.is_written


def test_a_killed_publisher_abandons_what_it_has_not_seen_confirmed(
    processes: StartProcess, kafka: KafkaCluster, topic: str, state: Path
) -> None:
    """The next one goes on counting, and its reader sends those records again."""
    settings = {"STATE_DIR": str(state), "KAFKA_CONF_LINGER_MS": "60000"}
    first = start_publisher(processes, kafka.bootstrap, topic, settings)
    with connected_reader(first) as reader:
        reader.send(chat(1, 10), 1)
        taken = wait_for_status(state, lambda status: status.unconfirmed == 10)
        assert 0 < taken.oldest_unconfirmed_ms <= unix_ms()
        first.process.kill()
    assert status_of(state).unconfirmed == 10

    second = start_publisher(processes, kafka.bootstrap, topic, {"STATE_DIR": str(state)})
    with connected_reader(second) as reader:
        reader.send(chat(1, 10), 1)
        reader.wait_for_acknowledgement(10)

        status = status_of(state)
        assert status.sessions == 2
        assert (status.taken, status.abandoned, status.published[topic]) == (20, 10, 10)
        assert status.oldest_unconfirmed_ms == 0
    assert second.process.stop() == 0
    assert "10 messages taken; 10 confirmed by Kafka" in second.process.output()


@pytest.mark.parametrize("delivery", ["at-least-once", "exactly-once"])
def test_the_page_has_the_figures_of_kafkas_client(
    processes: StartProcess, real_kafka: KafkaCluster, topic: str, state: Path, delivery: str
) -> None:
    """More often than by default, which a user may choose."""
    settings = {
        "STATE_DIR": str(state),
        "DELIVERY": delivery,
        "KAFKA_TRANSACTIONAL_ID": topic,
        "KAFKA_TOPIC_PROGRESS": f"{topic}-progress",
        # An idle publisher looks every second, and shows the last ones that it finds.
        "KAFKA_CONF_STATISTICS_INTERVAL_MS": "2000",
    }
    publisher = start_publisher(processes, real_kafka.bootstrap, topic, settings)
    with connected_reader(publisher) as reader:
        reader.send(chat(1, 10), 1)
        reader.wait_for_acknowledgement(10)
        status = wait_for_status(
            state, lambda status: status.kafka.batch_messages.get(topic, 0) > 0
        )

    assert status.delivery_kind == delivery
    assert status.published == {topic: 10, f"{topic}-events": 0, f"{topic}-gaps": 0}
    assert sum(status.delivery.counts) == 10
    assert sum(status.publish.counts) == 1
    assert status.kafka.requests > 0
    (broker,) = status.kafka.brokers
    assert broker.name == real_kafka.bootstrap
    assert broker.rtt_p99_s > 0


def test_a_publisher_without_kafka_turns_and_says_why(
    processes: StartProcess, topic: str, state: Path
) -> None:
    """A restart would not help it, so it must not look as if it stood still."""
    publisher = start_publisher(processes, NO_KAFKA, topic, {"STATE_DIR": str(state)})
    wait_for_line(publisher.process, "cannot be reached", 20)

    status = wait_for_status(state, lambda status: "cannot be reached" in status.problem)

    assert status.state == PublisherState.BEGINNING
    assert not status.kafka_is_reachable
    assert status.kafka_since_ms
    turned_ms = status.turned_ms
    wait_for_status(state, lambda status: status.turned_ms > turned_ms)


def test_a_publisher_whose_topics_are_missing_turns_and_says_what_to_do(
    processes: StartProcess, real_kafka: KafkaCluster, topic: str, state: Path
) -> None:
    """Here Kafka has fewer brokers than the topics shall have replicas."""
    settings = {"STATE_DIR": str(state), "KAFKA_TOPIC_REPLICATION": "3"}
    start_publisher(processes, real_kafka.bootstrap, topic, settings)

    status = wait_for_status(state, lambda status: "Lower KAFKA_TOPIC_REPL" in status.problem)

    assert status.state == PublisherState.BEGINNING
    assert status.kafka_is_reachable
    turned_ms = status.turned_ms
    wait_for_status(state, lambda status: status.turned_ms > turned_ms)
