"""
The exactly-once sink: when librdkafka keeps a record of a failed transaction in its queue, and what
the page says when a transaction is committed.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import KafkaError, Producer

from common.frames import Batch, Envelope, Kind, Record
from common.unix_time import unix_ms
from publisher.delivery.transactional_sink import TransactionalSink
from publisher.kafka.health import KafkaHealth
from publisher.link.sequence import Delivery, ReceivingLink
from tests.kafka.cluster import KafkaCluster
from tests.publisher.books import new_books, status_of
from tests.publisher.delivery.exactly_once import committed
from tests.publisher.peer import KEY, READER, chat
from tests.topics import create_topic

_SESSION = 1
_WITHIN_S = 20


class _KeepingProducer(Producer):
    """
    Keeps the first record, unsent and unreported, until the transaction is aborted.

    librdkafka may do so with a record that it has to retry after another one was refused. Whether
    that happens depends on the order in which its threads run, which a test cannot choose.
    """

    _has_kept = False
    _kept = 0

    def produce(self, *args: Any, **kwargs: Any) -> None:
        if self._has_kept:
            super().produce(*args, **kwargs)
        else:
            self._has_kept, self._kept = True, 1

    def abort_transaction(self, *args: Any) -> None:
        self._kept = 0
        super().abort_transaction(*args)

    def __len__(self) -> int:
        return super().__len__() + self._kept


@pytest.fixture(autouse=True)
def _keeping_producer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("publisher.delivery.sink.Producer", _KeepingProducer)


def test_a_refusal_aborts_the_transaction_though_another_record_is_never_reported(
    real_kafka: KafkaCluster, topic: str, tmp_path: Path
) -> None:
    """The other record is published, and the refused one becomes a dead letter."""
    create_topic(real_kafka.bootstrap, topic, config={"max.message.bytes": "5000"})
    for other in (f"{topic}-dead", f"{topic}-progress"):
        create_topic(real_kafka.bootstrap, other)
    sink = _sink(real_kafka, topic, tmp_path)
    large = Record(KEY, unix_ms(), b"x" * 10_000)

    _take(sink, Batch(Kind.CHAT, [*chat(1, 1).records, large]))
    _poll_until_settled(sink)

    assert sink.failure is None
    assert committed(real_kafka.bootstrap, topic) == [1]
    assert committed(real_kafka.bootstrap, f"{topic}-dead") == [2]


def test_another_error_ends_the_session_though_another_record_is_never_reported(
    real_kafka: KafkaCluster, topic: str, tmp_path: Path
) -> None:
    """Here the topic does not exist."""
    sink = _sink(real_kafka, topic, tmp_path)

    _take(sink, chat(1, 2))
    _poll_until_settled(sink)

    assert sink.failure is not None
    assert sink.failure.code() == KafkaError.UNKNOWN_TOPIC_OR_PART
    assert sink.unconfirmed == 2


def test_the_page_has_what_is_committed_before_kafka_has_it(
    real_kafka: KafkaCluster, topic: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No reader sends it again, so it would be missing if the publisher was killed then."""
    seen = []

    class ObservingProducer(Producer):
        def commit_transaction(self, *args: Any) -> None:
            seen.append(status_of(tmp_path).unconfirmed)
            super().commit_transaction(*args)

    monkeypatch.setattr("publisher.delivery.sink.Producer", ObservingProducer)
    for name in (topic, f"{topic}-progress"):
        create_topic(real_kafka.bootstrap, name)
    sink = _sink(real_kafka, topic, tmp_path)

    _take(sink, chat(1, 2))
    _poll_until_settled(sink)

    assert committed(real_kafka.bootstrap, topic) == [1, 2]
    assert set(seen) == {2}


def _sink(cluster: KafkaCluster, topic: str, state_dir: Path) -> TransactionalSink:
    sink = TransactionalSink(
        {
            "bootstrap.servers": cluster.bootstrap,
            "transactional.id": topic,
            "allow.auto.create.topics": "false",
            "max.in.flight": "1",
            # How soon a missing topic is an error.
            "topic.metadata.propagation.max.ms": "100",
        },
        topics={Kind.CHAT: topic, Kind.GAP: f"{topic}-gaps"},
        progress_topic=f"{topic}-progress",
        dead_letter_topic=f"{topic}-dead",
        books=new_books(state_dir, topic),
        health=KafkaHealth(cluster.bootstrap),
        with_ids=True,
    )
    sink.producer.init_transactions(_WITHIN_S)
    return sink


def _take(sink: TransactionalSink, batch: Batch) -> None:
    delivery = ReceivingLink(_SESSION).accept(
        Envelope(READER, _SESSION, first_seq=1, oldest_seq=1), len(batch.records)
    )
    assert isinstance(delivery, Delivery)
    sink.take(delivery, batch)


def _poll_until_settled(sink: TransactionalSink) -> None:
    """Return once the sink has confirmed everything, or has failed."""
    deadline = time.monotonic() + _WITHIN_S
    while sink.unconfirmed and sink.failure is None:
        assert time.monotonic() < deadline, "the sink stands still"
        sink.proceed()
        sink.poll(0.001)
