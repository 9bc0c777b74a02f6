"""From chat lines to records in the outbox."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from common.chat_message import decode_chat_message
from common.frames import Batch, Kind, decode_batch
from readers.chat_intake import ChatIntake
from readers.irc import IrcMessage, parse_irc
from readers.outbox import Outbox

NOW_MS = 1_700_000_000_999


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    """Return an empty outbox."""
    outbox = Outbox(tmp_path / "xqc.db", "xqc", max_bytes=10**9)
    yield outbox
    outbox.close()


@pytest.fixture
def handed_over() -> list[str]:
    """Return a list that grows with each batch."""
    return []


@pytest.fixture
def intake(outbox: Outbox, handed_over: list[str]) -> ChatIntake:
    """Return an intake whose clock stands at NOW_MS."""
    return ChatIntake(outbox, on_batch=lambda: handed_over.append("batch"), now_ms=lambda: NOW_MS)


def line(text: str, message_id: str = "", command: str = "PRIVMSG", emotes: str = "") -> IrcMessage:
    """Return a chat line of user 5 in room 1, sent at 1,700,000,000,123."""
    parsed = parse_irc(
        f"@id={message_id};room-id=1;user-id=5;tmi-sent-ts=1700000000123;emotes={emotes}"
        f" :ann!ann@ann.tmi.twitch.tv {command} #xqc :{text}".encode()
    )
    assert parsed is not None
    return parsed


def only_batch(outbox: Outbox) -> Batch:
    """Return the only batch in *outbox*."""
    stored = outbox.batch_after(0)
    assert stored is not None
    assert outbox.batch_after(stored.last_seq) is None
    return decode_batch(stored.body)


def test_a_record_has_the_id_that_the_message_has_for_every_reader(
    intake: ChatIntake, outbox: Outbox
) -> None:
    """It is the tag's text; nothing where there is no tag."""
    message_id = "885196de-cb67-427a-baa8-82f9b0fcd05f"
    intake.take([line("hi", message_id), line("ho")], "1")

    assert [record.id for record in only_batch(outbox).records] == [message_id.encode(), b""]


def test_messages_that_come_together_are_one_batch(
    intake: ChatIntake, outbox: Outbox, handed_over: list[str]
) -> None:
    """Each a record: the key is the channel's id, the timestamp is the message's own."""
    intake.take([line("one"), line("two")], "1")
    batch = only_batch(outbox)
    assert batch.kind == Kind.CHAT
    assert [(record.key, record.timestamp) for record in batch.records] == [
        (b"1", 1_700_000_000_123)
    ] * 2
    assert [decode_chat_message(record.value).message for record in batch.records] == ["one", "two"]
    assert handed_over == ["batch"]


def test_a_message_is_the_json_that_consumers_read(intake: ChatIntake, outbox: Outbox) -> None:
    """Six fields, in this order, in UTF-8."""
    intake.take([line("Kappa żółw", emotes="25:0-4")], "1")
    (record,) = only_batch(outbox).records
    assert record.value.decode() == (
        '{"channel_id":"1","user_id":"5","username":"ann","message":"Kappa żółw",'
        '"timestamp":1700000000123,"emotes":["Kappa"]}'
    )


def test_a_message_that_comes_twice_is_taken_once(intake: ChatIntake, outbox: Outbox) -> None:
    """In one read, or in another one."""
    intake.take([line("one", "a"), line("one", "a"), line("two", "b")], "1")
    intake.take([line("two", "b")], "1")
    assert [decode_chat_message(r.value).message for r in only_batch(outbox).records] == [
        "one",
        "two",
    ]
    assert (intake.messages, intake.repeated) == (2, 2)


def test_messages_without_an_id_are_all_taken(intake: ChatIntake, outbox: Outbox) -> None:
    """They cannot be told apart, and two people may say the same."""
    intake.take([line("one"), line("one")], "1")
    assert len(only_batch(outbox).records) == 2


def test_what_is_not_a_message_makes_no_batch(
    intake: ChatIntake, outbox: Outbox, handed_over: list[str]
) -> None:
    """Subscriptions are told with USERNOTICE."""
    intake.take([line("thanks", command="USERNOTICE")], "1")
    assert outbox.last_seq == 0
    assert handed_over == []


def test_what_a_line_does_not_say_is_filled_in(intake: ChatIntake, outbox: Outbox) -> None:
    """The channel's id from joining it, the time from our clock."""
    bare = parse_irc(b":ann!ann@ann.tmi.twitch.tv PRIVMSG #xqc :hello")
    assert bare is not None
    intake.take([bare], "77")
    (record,) = only_batch(outbox).records
    assert (record.key, record.timestamp) == (b"77", NOW_MS)


def test_wrong_emote_positions_are_counted(intake: ChatIntake) -> None:
    """And cost nothing else."""
    intake.take([line("Kappa", emotes="25:0-4,90-95")], "1")
    assert (intake.messages, intake.skipped_emote_positions) == (1, 1)


def test_each_message_is_logged_at_debug(
    intake: ChatIntake, caplog: pytest.LogCaptureFixture
) -> None:
    """And not at info."""
    with caplog.at_level(logging.INFO):
        intake.take([line("quiet")], "1")
    with caplog.at_level(logging.DEBUG):
        intake.take([line("loud")], "1")
    assert "quiet" not in caplog.text
    assert "loud" in caplog.text


def test_a_flood_of_messages_makes_batches_that_the_publisher_takes(
    intake: ChatIntake, outbox: Outbox, handed_over: list[str]
) -> None:
    """None is larger than RECORDS_PER_BATCH, and nothing is left out."""
    intake.take([line(str(number)) for number in range(2500)], "1")
    sizes, texts = [], []
    seq = 0
    while stored := outbox.batch_after(seq):
        records = decode_batch(stored.body).records
        sizes.append(len(records))
        texts += [decode_chat_message(record.value).message for record in records]
        seq = stored.last_seq
    assert sizes == [1000, 1000, 500]
    assert texts == [str(number) for number in range(2500)]
    assert handed_over == ["batch"]
