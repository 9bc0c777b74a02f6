"""What a refusal teaches: from attempt to attempt more of it is known, and then no more."""

from __future__ import annotations

import pytest
from confluent_kafka import KafkaError

from common.frames import Envelope, Record
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
    return TransactedBatch(delivery, "chat", [Record(b"k", 1, b"v")] * 3)


def test_a_new_batch_has_nothing_to_be_careful_about(batch: TransactedBatch) -> None:
    """All of it may go in one request."""
    assert not batch.has_refusals
    assert not batch.goes_alone(0)


def test_a_record_refused_in_company_goes_alone_the_next_time(batch: TransactedBatch) -> None:
    """It may be fine: Kafka refuses all of a request for one."""
    assert batch.learn(1, TOO_LARGE, was_alone=False)

    assert batch.has_refusals
    assert [batch.goes_alone(index) for index in range(3)] == [False, True, False]
    assert batch.refused == {}


def test_a_record_refused_alone_is_replaced_by_its_letter(batch: TransactedBatch) -> None:
    """The reason is kept, and the letter goes alone too."""
    batch.learn(1, BAD_TIMESTAMP, was_alone=False)

    assert batch.learn(1, BAD_TIMESTAMP, was_alone=True)
    assert batch.refused == {1: BAD_TIMESTAMP}
    assert batch.goes_alone(1)
    assert not batch.is_bare(1)


def test_a_letter_that_is_too_large_is_bare_the_next_time(batch: TransactedBatch) -> None:
    """And if that is too large still, nothing more can be done."""
    batch.learn(1, TOO_LARGE, was_alone=True)

    assert batch.learn(1, TOO_LARGE, was_alone=True)
    assert batch.is_bare(1)
    assert not batch.learn(1, TOO_LARGE, was_alone=True)


def test_a_letter_that_is_refused_for_another_reason_teaches_nothing(
    batch: TransactedBatch,
) -> None:
    """To leave out the value would not mend it."""
    batch.learn(1, TOO_LARGE, was_alone=True)

    assert not batch.learn(1, BAD_TIMESTAMP, was_alone=True)
    assert not batch.is_bare(1)


def test_an_error_that_is_no_refusal_teaches_nothing(batch: TransactedBatch) -> None:
    """The record is as good as before."""
    assert not batch.learn(1, TIMED_OUT, was_alone=True)
    assert not batch.has_refusals
