"""From messages that were heard to records in the outbox."""

from __future__ import annotations

import logging

import pytest

from common.chat_message import ChatMessage, decode_chat_message
from common.frames import Batch, Kind, decode_batch
from readers.outbox.outbox import Outbox
from readers.record_builder import RecordBuilder
from readers.twitch.chat_parser import ReceivedMessage
from tests.readers.outboxes import batches_after

SENT_MS = 1_700_000_000_123


@pytest.fixture
def handed_over() -> list[str]:
    """Return a list that grows with each batch."""
    return []


@pytest.fixture
def intake(outbox: Outbox, handed_over: list[str]) -> RecordBuilder:
    """Return an intake."""
    return RecordBuilder(outbox, on_batch=lambda: handed_over.append("batch"))


def heard(
    text: str, message_id: str = "", emotes: tuple[str, ...] = (), skipped_emotes: int = 0
) -> ReceivedMessage:
    """Return a message of user 5 in room 1."""
    message = ChatMessage("1", "5", "ann", text, SENT_MS, list(emotes))
    return ReceivedMessage(message, message_id, skipped_emotes)


def only_batch(outbox: Outbox) -> Batch:
    """Return the only batch in *outbox*."""
    stored = outbox.batch_after(0)
    assert stored is not None
    assert outbox.batch_after(stored.last_seq) is None
    return decode_batch(stored.body)


def test_a_record_has_the_id_that_the_message_has_for_every_reader(
    intake: RecordBuilder, outbox: Outbox
) -> None:
    """It is the tag's text; nothing where there is no tag."""
    message_id = "885196de-cb67-427a-baa8-82f9b0fcd05f"
    intake.take([heard("hi", message_id), heard("ho")])

    assert [record.id for record in only_batch(outbox).records] == [message_id.encode(), b""]


def test_messages_that_come_together_are_one_batch(
    intake: RecordBuilder, outbox: Outbox, handed_over: list[str]
) -> None:
    """Each a record: the key is the channel's id, the timestamp is the message's own."""
    intake.take([heard("one"), heard("two")])
    batch = only_batch(outbox)
    assert batch.kind == Kind.CHAT
    assert [(record.key, record.timestamp) for record in batch.records] == [(b"1", SENT_MS)] * 2
    assert [decode_chat_message(record.value).message for record in batch.records] == ["one", "two"]
    assert handed_over == ["batch"]


def test_a_message_is_the_json_that_consumers_read(intake: RecordBuilder, outbox: Outbox) -> None:
    """Six fields, in this order, in UTF-8."""
    intake.take([heard("Kappa żółw", emotes=("Kappa",))])
    (record,) = only_batch(outbox).records
    assert record.value.decode() == (
        '{"channel_id":"1","user_id":"5","username":"ann","message":"Kappa żółw",'
        '"timestamp":1700000000123,"emotes":["Kappa"]}'
    )


def test_a_message_that_comes_twice_is_taken_once(intake: RecordBuilder, outbox: Outbox) -> None:
    """In one read, or in another one."""
    intake.take([heard("one", "a"), heard("one", "a"), heard("two", "b")])
    intake.take([heard("two", "b")])
    assert [decode_chat_message(r.value).message for r in only_batch(outbox).records] == [
        "one",
        "two",
    ]
    assert (intake.messages, intake.repeated) == (2, 2)


def test_messages_without_an_id_are_all_taken(intake: RecordBuilder, outbox: Outbox) -> None:
    """They cannot be told apart, and two people may say the same."""
    intake.take([heard("one"), heard("one")])
    assert len(only_batch(outbox).records) == 2


def test_where_all_was_a_repetition_there_is_no_batch(
    intake: RecordBuilder, handed_over: list[str]
) -> None:
    """Nothing is in the outbox that was not there before, and nobody is told."""
    intake.take([heard("one", "a")])
    intake.take([heard("one", "a")])
    assert handed_over == ["batch"]


def test_wrong_emote_positions_are_counted(intake: RecordBuilder) -> None:
    """And cost nothing else."""
    intake.take([heard("Kappa", skipped_emotes=1)])
    assert (intake.messages, intake.skipped_emote_positions) == (1, 1)


def test_each_message_is_logged_at_debug(
    intake: RecordBuilder, caplog: pytest.LogCaptureFixture
) -> None:
    """And not at info."""
    with caplog.at_level(logging.INFO):
        intake.take([heard("quiet")])
    with caplog.at_level(logging.DEBUG):
        intake.take([heard("loud")])
    assert "quiet" not in caplog.text
    assert "loud" in caplog.text


def test_a_flood_of_messages_makes_batches_that_the_publisher_takes(
    intake: RecordBuilder, outbox: Outbox, handed_over: list[str]
) -> None:
    """None is larger than RECORDS_PER_BATCH, and nothing is left out."""
    intake.take([heard(str(number)) for number in range(2500)])
    sizes, texts = [], []
    for batch in batches_after(outbox, 0):
        sizes.append(len(batch.records))
        texts += [decode_chat_message(record.value).message for record in batch.records]
    assert sizes == [1000, 1000, 500]
    assert texts == [str(number) for number in range(2500)]
    assert handed_over == ["batch"]
