"""The books of a real reader, which is killed at any moment and whose publisher comes and goes."""

from __future__ import annotations

import signal
import time
from pathlib import Path

from common.status.page import read_page
from common.status.reader_status import ReaderState, ReaderStatus, reader_page
from common.unix_time import unix_ms
from tests.end_to_end.service import Service
from tests.kafka.cluster import KafkaCluster
from tests.processes import wait_for
from tests.topics import read_topic

ROUNDS = 10
MESSAGES = 200


def status_of(service: Service) -> ReaderStatus:
    """Return what the page of the reader of xqc says, which balances."""
    page = reader_page(Path(service.environment["STATE_DIR"]), "xqc")
    status = read_page(page, ReaderStatus).status
    gone = status.acknowledged + sum(status.dropped.values()) + status.replaced_gaps
    assert status.received + status.events + status.gaps == gone + status.waiting, status
    return status


def test_books_balance_after_each_kill(service: Service, kafka: KafkaCluster, topic: str) -> None:
    """Nothing counts as dropped. What the reader has received is what Kafka has."""
    service.start_publisher()
    for number in range(ROUNDS):
        reader = service.start_reader("xqc")
        for message in range(MESSAGES):
            service.say("xqc", f"{number} {message}")
        time.sleep(number * 0.003)
        reader.stop(signal.SIGKILL)
        assert sum(status_of(service).dropped.values()) == 0
    service.start_reader("xqc")

    def settled() -> ReaderStatus | None:
        status = status_of(service)
        # At first, the page of the last reader does not have the gap that it has left.
        return status if status.gaps == ROUNDS and not status.waiting else None

    status = wait_for(settled, 60, "all acknowledgements")
    assert sum(status.dropped.values()) == 0
    assert status.connects == ROUNDS + 1
    assert status.gaps_by_reason["restarted"][0] == ROUNDS
    records = read_topic(kafka.bootstrap, topic, count=status.received, timeout_s=30)
    assert len({record.value for record in records}) == status.received


def test_what_waits_for_the_publisher_is_told(service: Service) -> None:
    """How much, and since when. Afterwards, how long it took."""
    before_ms = unix_ms()
    service.start_reader("xqc")
    for number in range(MESSAGES):
        service.say("xqc", str(number))
    service.wait_until_received("xqc")
    # The settings of the chat are an event.
    records = MESSAGES + 1
    wait_for(lambda: status_of(service).waiting == records, 60, "all records in the outbox")
    status = status_of(service)
    assert status.state == ReaderState.IN_CHANNEL
    assert (status.received, status.acknowledged, status.session) == (MESSAGES, 0, 0)
    assert status.events == 1
    assert status.publisher == service.environment["PUBLISHER_ENDPOINT"]
    assert before_ms <= status.oldest_waiting_ms <= status.written_ms
    wait_for(lambda: status_of(service).outbox_bytes > 20 * MESSAGES, 60, "a new size")
    service.start_publisher()
    wait_for(lambda: status_of(service).acknowledged == records, 60, "all acknowledgements")
    status = status_of(service)
    assert (status.waiting, status.oldest_waiting_ms) == (0, 0)
    assert status.session
    assert sum(status.delay.counts) == MESSAGES
