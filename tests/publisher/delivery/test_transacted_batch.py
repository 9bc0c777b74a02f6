"""What is sent of a refused record, attempt by attempt."""

from __future__ import annotations

import pytest
from confluent_kafka import KafkaError

from common.frames import Envelope, Record
from publisher.delivery.refused_record import Attempt
from publisher.delivery.transacted_batch import TransactedBatch
from publisher.link.sequence import Delivery, ReceivingLink

TOO_LARGE = KafkaError(KafkaError.MSG_SIZE_TOO_LARGE)
BAD_TIMESTAMP = KafkaError(KafkaError.INVALID_TIMESTAMP)
TIMED_OUT = KafkaError(KafkaError._MSG_TIMED_OUT)


@pytest.fixture
def batch() -> TransactedBatch:
    """A batch of three records."""
    delivery = ReceivingLink(7).accept(Envelope("xqc/00", 7, 1, 1), 3)
    assert isinstance(delivery, Delivery)
    return TransactedBatch(delivery, "chat", [Record(b"k", 1, b"v")] * 3, with_ids=False)


class Learning:
    """Has a batch learn about its record 1, and keeps what is logged."""

    def __init__(self, batch: TransactedBatch) -> None:
        self.batch = batch
        self.logged: list[KafkaError] = []

    def together(self, error: KafkaError) -> bool:
        """Refuse it together with others."""
        return self.batch.learn(1, error, self.logged.append, was_alone=False)

    def alone(self, error: KafkaError) -> bool:
        """Refuse it alone."""
        return self.batch.learn(1, error, self.logged.append, was_alone=True)

    def next_attempt(self) -> Attempt:
        """Return what is sent of it next."""
        record = self.batch.refused(1)
        assert record is not None
        return record.next_attempt("dead")


@pytest.fixture
def learning(batch: TransactedBatch) -> Learning:
    """A batch that learns."""
    return Learning(batch)


def test_a_new_batch_has_no_refusals(batch: TransactedBatch) -> None:
    """All of it may go in one request."""
    assert not batch.has_refusals
    assert batch.refused(0) is None


def test_a_record_refused_with_others_goes_alone_the_next_time(learning: Learning) -> None:
    """It may be fine: Kafka refuses the whole request for one bad record."""
    assert learning.together(TOO_LARGE)

    batch = learning.batch
    assert batch.has_refusals
    assert [batch.refused(index) is not None for index in range(3)] == [False, True, False]
    assert batch.dead_letters == 0
    assert learning.next_attempt()[:3] == ("chat", b"v", b"k")
    assert learning.logged == []


def test_a_record_refused_alone_is_replaced_by_its_letter(learning: Learning) -> None:
    """The letter has the reason, and a timestamp of its own; it is logged once."""
    learning.together(BAD_TIMESTAMP)

    assert learning.alone(BAD_TIMESTAMP)
    assert learning.batch.dead_letters == 1
    letter = learning.next_attempt()
    assert letter[:3] == ("dead", b"v", b"k")
    assert dict(letter.headers)["topic"] == "chat"
    assert letter.timestamp == 0
    assert learning.logged == [BAD_TIMESTAMP]


def test_a_letter_that_is_too_large_is_bare_the_next_time(learning: Learning) -> None:
    """If that is too large as well, there is nothing else to try."""
    learning.alone(TOO_LARGE)

    assert learning.alone(TOO_LARGE)
    assert learning.next_attempt()[:3] == ("dead", b"", None)
    assert not learning.alone(TOO_LARGE)
    assert learning.logged == [TOO_LARGE]


def test_a_letter_that_is_refused_for_another_reason_is_not_sent_again(learning: Learning) -> None:
    """Leaving out the value would not help."""
    learning.alone(TOO_LARGE)

    assert not learning.alone(BAD_TIMESTAMP)
    assert learning.next_attempt().value == b"v"


def test_an_error_that_is_no_refusal_changes_nothing(learning: Learning) -> None:
    """The record is as good as before."""
    assert not learning.alone(TIMED_OUT)
    assert not learning.batch.has_refusals
