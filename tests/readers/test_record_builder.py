"""From received messages to batches of records."""

from __future__ import annotations

import logging

import pytest

from common.chat_event import ChatEvent, decode_chat_event
from common.chat_message import ChatMessage, decode_chat_message
from common.event_payloads import Clear
from common.frames import Batch, Kind
from readers.outbox.outbox import Outbox
from readers.parsing.received import ReceivedEvent, ReceivedMessage
from readers.record_builder import RecordBuilder

SENT_MS = 1_700_000_000_123


@pytest.fixture
def batches() -> list[Batch]:
    """Return the list that the builder appends its batches to."""
    return []


@pytest.fixture
def builder(batches: list[Batch]) -> RecordBuilder:
    """Return a record builder."""
    return RecordBuilder(batches.append)


def received(
    text: str, message_id: str = "", emotes: tuple[str, ...] = (), skipped_emotes: int = 0
) -> ReceivedMessage:
    """Return a message of user 5 in room 1."""
    message = ChatMessage("1", "5", "ann", text, SENT_MS, list(emotes))
    return ReceivedMessage(message, message_id, skipped_emotes)


def cleared(event_id: str = "") -> ReceivedEvent:
    """Return the event that the chat of room 1 was cleared."""
    event = ChatEvent(channel_id="1", channel="x", type="clear", timestamp=SENT_MS, clear=Clear())
    return ReceivedEvent(event, event_id)


def test_a_record_has_the_id_of_its_message(builder: RecordBuilder, batches: list[Batch]) -> None:
    """It is the text of the tag, which is the same for every reader. Without a tag it is empty."""
    message_id = "885196de-cb67-427a-baa8-82f9b0fcd05f"
    builder.take([received("hi", message_id), received("ho")])

    assert [record.id for record in batches[0].records] == [message_id.encode(), b""]


def test_messages_received_together_are_one_batch(
    builder: RecordBuilder, batches: list[Batch]
) -> None:
    """One record each: the key is the channel's id, the timestamp is the message's own."""
    builder.take([received("one"), received("two")])
    (batch,) = batches
    assert batch.kind == Kind.CHAT
    assert [(record.key, record.timestamp) for record in batch.records] == [(b"1", SENT_MS)] * 2
    assert [decode_chat_message(record.value).message for record in batch.records] == ["one", "two"]


def test_a_message_is_encoded_as_json(builder: RecordBuilder, batches: list[Batch]) -> None:
    """It has six fields, in this order, in UTF-8."""
    builder.take([received("Kappa żółw", emotes=("Kappa",))])
    (record,) = batches[0].records
    assert record.value.decode() == (
        '{"channel_id":"1","user_id":"5","username":"ann","message":"Kappa żółw",'
        '"timestamp":1700000000123,"emotes":["Kappa"]}'
    )


def test_a_duplicate_is_dropped(builder: RecordBuilder, batches: list[Batch]) -> None:
    """Whether it comes in the same read or in a later one."""
    builder.take([received("one", "a"), received("one", "a"), received("two", "b")])
    builder.take([received("two", "b")])
    assert len(batches) == 1
    assert [decode_chat_message(r.value).message for r in batches[0].records] == ["one", "two"]
    assert (builder.messages, builder.repeated) == (2, 2)


def test_messages_without_an_id_are_all_kept(builder: RecordBuilder, batches: list[Batch]) -> None:
    """They may be alike: two people can send the same text."""
    builder.take([received("one"), received("one")])
    assert len(batches[0].records) == 2


def test_duplicates_alone_make_no_batch(builder: RecordBuilder, batches: list[Batch]) -> None:
    """An empty batch would use up a number."""
    builder.take([received("one", "a")])
    builder.take([received("one", "a")])
    assert len(batches) == 1


def test_wrong_emote_positions_are_counted(builder: RecordBuilder) -> None:
    """They have no other effect."""
    builder.take([received("Kappa", skipped_emotes=1), received("LUL", skipped_emotes=2)])
    assert (builder.messages, builder.skipped_emote_positions) == (2, 3)


def test_each_message_is_logged_at_debug(
    builder: RecordBuilder, caplog: pytest.LogCaptureFixture
) -> None:
    """But not at info."""
    with caplog.at_level(logging.INFO):
        builder.take([received("quiet")])
    with caplog.at_level(logging.DEBUG):
        builder.take([received("loud")])
    assert "quiet" not in caplog.text
    assert "loud" in caplog.text


def test_a_flood_of_messages_is_split_into_batches(
    builder: RecordBuilder, batches: list[Batch]
) -> None:
    """None is larger than RECORDS_PER_BATCH, and no message is lost."""
    builder.take([received(str(number)) for number in range(2500)])
    sizes, texts = [], []
    for batch in batches:
        sizes.append(len(batch.records))
        texts += [decode_chat_message(record.value).message for record in batch.records]
    assert sizes == [1000, 1000, 500]
    assert texts == [str(number) for number in range(2500)]


def test_messages_and_events_keep_their_order(outbox: Outbox) -> None:
    """They are in batches of their own, which the outbox numbers one after the other."""
    batches = list[Batch]()
    stored = []

    def append(batch: Batch) -> None:
        batches.append(batch)
        stored.append(outbox.append(batch))

    builder = RecordBuilder(append)
    builder.take([received("a"), received("b"), cleared("c"), cleared("d"), received("e")])
    assert [(batch.kind, len(batch.records)) for batch in batches] == [
        (Kind.CHAT, 2),
        (Kind.EVENT, 2),
        (Kind.CHAT, 1),
    ]
    assert [(put.first_seq, put.last_seq) for put in stored if put] == [(1, 2), (3, 4), (5, 5)]
    assert (builder.messages, builder.events) == (3, 2)


def test_the_record_of_an_event(builder: RecordBuilder, batches: list[Batch]) -> None:
    """As a message: the key is the channel's id, the timestamp is the event's."""
    builder.take([cleared("clear:1:5")])
    (record,) = batches[0].records
    assert (record.key, record.timestamp, record.id) == (b"1", SENT_MS, b"clear:1:5")
    assert decode_chat_event(record.value) == cleared().event


def test_events_with_the_same_id_are_one(builder: RecordBuilder, batches: list[Batch]) -> None:
    """Without an id, all are kept. A message may have the id of an event: an announcement."""
    builder.take([received("hi", "a"), cleared("a"), cleared("a"), cleared(), cleared()])
    builder.take([cleared("a"), cleared("b")])
    assert [len(batch.records) for batch in batches] == [1, 3, 1]
    assert (builder.events, builder.repeated) == (4, 2)


def test_events_are_dropped_while_the_publisher_takes_none(batches: list[Batch]) -> None:
    """An older one would refuse the batch. The messages around them are one batch."""
    takes_events = False
    builder = RecordBuilder(batches.append, lambda: takes_events)
    builder.take([received("a"), cleared("c"), received("b")])
    assert [(batch.kind, len(batch.records)) for batch in batches] == [(Kind.CHAT, 2)]
    takes_events = True
    builder.take([cleared("c")])
    assert batches[-1].kind is Kind.EVENT
    assert builder.events == 1
