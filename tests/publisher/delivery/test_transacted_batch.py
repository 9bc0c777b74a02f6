"""How a refused record, or its dead letter, is sent in each next attempt."""

from __future__ import annotations

import pytest
from confluent_kafka import KafkaError

from common.frames import Batch, Envelope, Kind, Record
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
    return TransactedBatch(
        delivery, "chat", Batch(Kind.CHAT, [Record(b"k", 1, b"v")] * 3), with_ids=True
    )


class Refuser:
    """Refuses record 1 of a batch, and collects what is logged."""

    def __init__(self, batch: TransactedBatch) -> None:
        self.batch = batch
        self.logged: list[KafkaError] = []

    def refuse_together(self, error: KafkaError) -> bool:
        """Refuse the record in a request with others."""
        return self.batch.learn(1, error, self.logged.append, was_alone=False)

    def refuse_alone(self, error: KafkaError) -> bool:
        """Refuse the record in a request of its own."""
        return self.batch.learn(1, error, self.logged.append, was_alone=True)

    def next_attempt(self) -> Attempt:
        """Return how the record is sent next."""
        record = self.batch.refused(1)
        assert record is not None
        return record.next_attempt("dead")


@pytest.fixture
def refuser(batch: TransactedBatch) -> Refuser:
    """A Refuser of the batch."""
    return Refuser(batch)


def test_a_new_batch_has_no_refusals(batch: TransactedBatch) -> None:
    """It may be sent in one request."""
    assert not batch.has_refusals
    assert batch.refused(0) is None


def test_a_record_refused_with_others_is_sent_alone_next(refuser: Refuser) -> None:
    """It may be valid: Kafka refuses a whole request for one bad record."""
    assert refuser.refuse_together(TOO_LARGE)

    batch = refuser.batch
    assert batch.has_refusals
    assert [batch.refused(index) is not None for index in range(3)] == [False, True, False]
    assert batch.dead_letters == {}
    assert refuser.next_attempt()[:3] == ("chat", b"v", b"k")
    assert refuser.logged == []


def test_a_record_refused_alone_is_replaced_by_a_dead_letter(refuser: Refuser) -> None:
    """The dead letter has a timestamp of its own (0: now). The refusal is logged once."""
    refuser.refuse_together(BAD_TIMESTAMP)

    assert refuser.refuse_alone(BAD_TIMESTAMP)
    assert refuser.batch.dead_letters == {"INVALID_TIMESTAMP": 1}
    letter = refuser.next_attempt()
    assert letter[:3] == ("dead", b"v", b"k")
    assert dict(letter.headers)["topic"] == "chat"
    assert letter.timestamp == 0
    assert refuser.logged == [BAD_TIMESTAMP]


def test_a_dead_letter_that_is_too_large_is_sent_without_key_and_value_next(
    refuser: Refuser,
) -> None:
    """If that is too large, too, there is nothing else to try."""
    refuser.refuse_alone(TOO_LARGE)

    assert refuser.refuse_alone(TOO_LARGE)
    assert refuser.next_attempt()[:3] == ("dead", b"", None)
    assert not refuser.refuse_alone(TOO_LARGE)
    assert refuser.logged == [TOO_LARGE]


def test_a_dead_letter_that_is_refused_for_another_reason_is_not_sent_again(
    refuser: Refuser,
) -> None:
    """Leaving out the value would not help."""
    refuser.refuse_alone(TOO_LARGE)

    assert not refuser.refuse_alone(BAD_TIMESTAMP)
    assert refuser.next_attempt().value == b"v"


def test_an_error_that_is_not_a_refusal_changes_nothing(refuser: Refuser) -> None:
    """The record can be sent as before."""
    assert not refuser.refuse_alone(TIMED_OUT)
    assert not refuser.batch.has_refusals
