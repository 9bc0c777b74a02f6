"""
The books balance at every moment, whatever happens in a session: with the real sinks, the real
deduplication and the embedded Kafka.

Readers send batches of chat messages and events (also copies of each other's) and of gap records,
some of them too large for Kafka. Sessions end with anything unconfirmed, and processes are killed:
the next one finds the page as it was at that moment.
"""

from __future__ import annotations

import shutil
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from common.chat_gap import ChatGap, GapReason, encode_chat_gap
from common.frames import Batch, Envelope, Kind, Presence, Record
from common.status.publisher_status import PublisherStatus, publisher_page
from common.unix_time import unix_ms
from publisher.deduplication.deduplication import Deduplication
from publisher.delivery.counted_sink import CountedSink
from publisher.delivery.sink import Sink
from publisher.delivery.transactional_sink import TransactionalSink
from publisher.kafka.health import KafkaHealth
from publisher.link.sequence import Delivery, ReceivingLink, new_session
from tests.kafka.embedded import embedded_kafka
from tests.publisher.books import new_books, status_of
from tests.topics import create_topic, read_all

_READERS = ("xqc/00", "xqc/01")
_CHANNEL_ID = "71"
_LARGEST_BYTES = 2000
_WITHIN_S = 20


class BalanceMachine(RuleBasedStateMachine):
    """Runs sessions of one publisher after the other."""

    brokers: str

    @initialize()
    def start(self) -> None:
        """Start the first process."""
        self._folder = tempfile.TemporaryDirectory()
        self._topic = f"balance-{uuid.uuid4().hex}"
        self._topics = {
            Kind.CHAT: self._topic,
            Kind.EVENT: f"{self._topic}-events",
            Kind.GAP: f"{self._topic}-gaps",
        }
        for topic in (*self._topics.values(), f"{self._topic}-dead"):
            create_topic(self.brokers, topic, partitions=2)
        self._processes = 0
        self._health = KafkaHealth(self.brokers)
        self._state_dir = Path(self._folder.name) / "0"
        self._begin_process()

    @rule(
        reader=st.sampled_from(_READERS),
        kind=st.sampled_from((Kind.CHAT, Kind.EVENT)),
        ids=st.lists(st.integers(0, 12), min_size=1, max_size=5),
        large=st.booleans(),
    )
    def send_chat(self, reader: str, kind: Kind, ids: list[int], large: bool) -> None:
        """Two of the same id in a batch are possible, too; a message and an event may share one."""
        value = b"x" * (_LARGEST_BYTES + 1 if large else 10)
        records = [Record(b"71", unix_ms(), b"small", b"%d" % one) for one in ids[1:]]
        self._send(reader, Batch(kind, [Record(b"71", unix_ms(), value, b""), *records]))

    @rule(reader=st.sampled_from(_READERS), count=st.integers(1, 3))
    def send_gaps(self, reader: str, count: int) -> None:
        """A gap is left out while the other reader is known to have been in the channel."""
        gap = ChatGap(_CHANNEL_ID, "xqc", 100, 200, GapReason.DISCONNECTED)
        self._send(
            reader, Batch(Kind.GAP, [Record(b"71", unix_ms(), encode_chat_gap(gap))] * count)
        )

    @rule(reader=st.sampled_from(_READERS))
    def attend(self, reader: str) -> None:
        """Tell that a reader was in the channel."""
        self._deduplication.note_presence(Presence(reader, _CHANNEL_ID, 50, 250))

    @rule()
    def poll(self) -> None:
        """One turn of the loop."""
        self._sink.proceed()
        self._sink.poll(0.001)

    @rule()
    def confirm_all(self) -> None:
        """Expect nothing to be left unconfirmed."""
        self._turn_while(lambda: self._sink.unconfirmed > 0)

    @rule()
    def end_session(self) -> None:
        """Whatever is unconfirmed is abandoned, and the readers send it again."""
        unconfirmed, abandoned = self._books.unconfirmed, self._status().abandoned
        self._sink.close()
        assert self._status().abandoned == abandoned + unconfirmed
        self._begin_session()

    @rule()
    def kill(self) -> None:
        """The next process has only the page, as it was when it was written last."""
        before = self._status()
        killed, self._state_dir = self._state_dir, Path(self._folder.name) / f"{self._processes}"
        publisher_page(self._state_dir).parent.mkdir(parents=True)
        shutil.copy(publisher_page(killed), publisher_page(self._state_dir))
        self._sink.close()
        self._books.__exit__(None, None, None)
        self._begin_process()
        after = self._status()
        assert after.unconfirmed == 0
        assert after.abandoned == before.abandoned + before.unconfirmed
        assert after.taken == before.taken

    @invariant()
    def the_page_balances(self) -> None:
        """Expect what a reader of the page may see now."""
        status = self._status()
        assert (status.oldest_unconfirmed_ms > 0) == (status.unconfirmed > 0)
        assert status.unconfirmed == self._sink.unconfirmed
        assert sum(status.delivery.counts) == status.published[self._topic]

    def teardown(self) -> None:
        """Expect what counts as published to be in Kafka, and nothing else but what may be."""
        if not hasattr(self, "_sink"):
            return
        self.confirm_all()
        status = self._status()
        for topic, published in status.published.items():
            found = len(read_all(self.brokers, topic, timeout_s=_WITHIN_S))
            assert published <= found <= published + status.abandoned
        self._sink.close()
        self._books.__exit__(None, None, None)
        self._folder.cleanup()

    def _begin_process(self) -> None:
        self._processes += 1
        self._books = new_books(self._state_dir, self._topic)
        self._deduplication = Deduplication()
        self._begin_session()

    def _begin_session(self) -> None:
        self._sink = self._new_sink()
        self._link = ReceivingLink(new_session())
        self._deduplication.begin_session()
        self._next_seq = Counter(dict.fromkeys(_READERS, 1))

    def _new_sink(self) -> Sink:
        return CountedSink(
            {
                "bootstrap.servers": self.brokers,
                "enable.idempotence": "true",
                "max.in.flight": "1",
                "message.max.bytes": str(_LARGEST_BYTES),
                "linger.ms": "5",
            },
            topics=self._topics,
            dead_letter_topic=f"{self._topic}-dead",
            books=self._books,
            health=self._health,
            with_ids=True,
        )

    def _send(self, reader: str, batch: Batch) -> None:
        """Do what the publisher's session does with a batch, once there is room for it."""
        self._turn_while(lambda: self._sink.is_full)
        seq = self._next_seq[reader]
        self._next_seq[reader] += len(batch.records)
        envelope = Envelope(reader, self._link.session, seq, 1)
        delivery = self._link.accept(envelope, len(batch.records))
        assert isinstance(delivery, Delivery)
        self._sink.take(delivery, self._deduplication.select(delivery, batch))

    def _turn_while(self, is_wanted: Callable[[], bool]) -> None:
        deadline = time.monotonic() + _WITHIN_S
        while is_wanted():
            assert self._sink.failure is None, self._sink.failure
            assert time.monotonic() < deadline, "the sink stands still"
            self._sink.proceed()
            self._sink.flush(0.01)

    def _status(self) -> PublisherStatus:
        self._books.write()
        return status_of(self._state_dir)


class TransactionalBalanceMachine(BalanceMachine):
    """The same with exactly-once delivery."""

    def _new_sink(self) -> Sink:
        sink = TransactionalSink(
            {
                "bootstrap.servers": self.brokers,
                "transactional.id": self._topic,
                "max.in.flight": "1",
                "message.max.bytes": str(_LARGEST_BYTES),
            },
            topics=self._topics,
            progress_topic=f"{self._topic}-progress",
            dead_letter_topic=f"{self._topic}-dead",
            books=self._books,
            health=self._health,
            with_ids=True,
        )
        sink.producer.init_transactions(_WITHIN_S)
        return sink


@pytest.fixture(scope="module")
def brokers() -> Iterator[str]:
    """The embedded Kafka."""
    with embedded_kafka() as bootstrap:
        yield bootstrap


@pytest.mark.parametrize("machine", [BalanceMachine, TransactionalBalanceMachine])
def test_the_books_balance(brokers: str, machine: type[BalanceMachine]) -> None:
    """After every step, and with what Kafka has at the end."""
    machine.brokers = brokers
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=8,
            stateful_step_count=20,
            suppress_health_check=list(HealthCheck),
        ),
    )
