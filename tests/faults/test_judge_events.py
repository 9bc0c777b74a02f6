"""The judge finds events that are lost, doubled, made up, or out of order with their messages."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import pytest

from tests.faults.judge import judge
from tests.faults.judged import READER, arrived, gap_record, is_fine, sent
from tests.faults.records import Arrival, SentMessage


def announced(*numbers: int) -> tuple[list[SentMessage], list[Arrival], list[Arrival]]:
    """
    Return three announcements as sent, as messages, and as events.

    Message n has seq 2n. The events are those of *numbers* in this order, event n with seq 2n + 1.
    """
    messages, events = arrived(1, 2, 3), arrived(*numbers)
    return (
        [dataclasses.replace(message, is_announcement=True, id="id") for message in sent(3)],
        [arrival._replace(seq=2 * arrival.seq, id="id") for arrival in messages],
        [arrival._replace(seq=2 * arrival.seq + 1, id="id") for arrival in events],
    )


def test_every_announcement_is_an_event_too() -> None:
    """Other messages are not."""
    said, messages, events = announced(1, 2, 3)
    other = Arrival(READER, 8, "xqc 4", 0, 50)
    verdict = judge([*said, sent(4)[3]], [*messages, other], [], events)
    assert (verdict.sent, verdict.events.sent) == (4, 3)
    assert is_fine(verdict)


@pytest.mark.parametrize("numbers", [(1, 2), (1, 3)])
def test_an_event_that_is_missing_is_lost(numbers: Sequence[int]) -> None:
    """Although its message is in Kafka; the last one leaves no unused seq."""
    said, messages, events = announced(*numbers)
    verdict = judge(said, messages, [], events)
    (missing,) = {1, 2, 3} - set(numbers)
    assert not verdict.lost
    assert verdict.events.lost == [f"#xqc {missing} was received and is not in Kafka"]
    assert not is_fine(verdict)


def test_an_event_that_was_not_received_must_be_in_a_gap() -> None:
    """As a message must."""
    said, messages, events = announced(1, 2)
    said[2].received = False
    assert not is_fine(judge(said, messages, [], events))
    assert is_fine(judge(said, messages, [gap_record(7, 3000, 3000)], events), gaps=True)


def test_an_event_that_is_published_twice_is_a_duplicate() -> None:
    """An error if no publisher was killed."""
    verdict = judge(*announced(1, 2, 3)[:2], [], announced(1, 2, 2, 3)[2])
    assert not verdict.duplicated
    assert verdict.events.duplicated == [f"{READER}, seq 5"]
    assert is_fine(verdict, went_back=1)
    assert not is_fine(verdict)


def test_an_event_with_two_seqs_is_an_error() -> None:
    """However many publishers were killed."""
    said, messages, events = announced(1, 2, 3)
    again = events[-1]._replace(seq=8)
    verdict = judge(said, messages, [], [*events, again])
    assert len(verdict.events.renumbered) == 1
    assert not is_fine(verdict, went_back=99)


@pytest.mark.parametrize("numbers", [(1, 3, 2), (2, 1, 3)])
def test_events_in_another_order_are_an_error(numbers: Sequence[int]) -> None:
    """By their places in the topic."""
    said, messages, events = announced(*numbers)
    assert judge(said, messages, [], events).events.wrong


@pytest.mark.parametrize(
    ("seq", "problem"),
    [
        pytest.param(3, "message 2 has seq 4, event 2 has seq 3", id="before its message"),
        pytest.param(4, "event 2 has seq 4, message 2 has seq 4", id="with the seq of its message"),
        pytest.param(7, "event 2 has seq 7, message 3 has seq 6", id="after the next message"),
    ],
)
def test_an_event_that_does_not_follow_its_message_is_an_error(seq: int, problem: str) -> None:
    """By the seqs, although each topic alone is in order."""
    said, messages, events = announced(2)
    messages[2] = messages[2]._replace(seq=6)
    said[0].is_announcement = said[2].is_announcement = False
    verdict = judge(said, messages, [], [events[0]._replace(seq=seq)])
    assert not verdict.events.wrong
    assert verdict.wrong == [f"{READER}: {problem}"]


@pytest.mark.parametrize("text", ["xqc 4", "raid"])
def test_an_event_that_was_never_sent_is_an_error(text: str) -> None:
    """Also the event of a message that is no announcement."""
    said, messages, events = announced(1, 2, 3)
    said.append(sent(4)[3])
    messages.append(Arrival(READER, 8, "xqc 4", 0, 50))
    more = events[-1]._replace(text=text, seq=9, id="")
    assert judge(said, messages, [], [*events, more]).events.wrong == [
        f"{text!r} ({READER}, seq 9) was never sent in that channel"
    ]


def test_the_settings_of_a_chat_may_be_told() -> None:
    """Nobody sends them: Twitch does when a reader joins. Their seq counts."""
    said, messages, events = announced(1, 2, 3)
    settings = Arrival(READER, 1, "chat_settings_update", 0, 0, "chat_settings_update:1")
    assert is_fine(judge(said, messages, [], [settings, *events]))
    assert judge(said, messages, [], [*events, settings]).events.wrong


def test_another_id_is_an_error() -> None:
    """Of the message or of the event."""
    said, messages, events = announced(1, 2, 3)
    for records in (messages, events):
        records[1] = records[1]._replace(id="other")
    verdict = judge(said, messages, [], events)
    assert verdict.wrong == [f"'xqc 2' ({READER}, seq 4) has the id 'other', not 'id'"]
    assert verdict.events.wrong == [f"'xqc 2' ({READER}, seq 5) has the id 'other', not 'id'"]
    assert not is_fine(verdict)


def test_the_seq_of_an_event_is_used() -> None:
    """It is in a topic of its own."""
    said, messages, events = announced(1, 2, 3)
    assert judge(said, messages, [], events[1:]).unused == [f"{READER}, seq 3"]
    assert judge(said, messages, [], events).unused == []
