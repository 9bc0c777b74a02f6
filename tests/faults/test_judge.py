"""The judge finds lost messages, duplicates, and records out of order."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import pytest

from common.chat_event import ChatEvent, encode_chat_event
from common.chat_message import ChatMessage, encode_chat_message
from common.event_payloads import Announcement
from tests.faults.judge import Verdict, judge
from tests.faults.judged import READER, arrived, gap_record, is_fine, sent
from tests.faults.records import Arrival, arrivals_of, events_of
from tests.faults.report import Allowed, Row, problems, table
from tests.topics import Record


def test_everything_once_and_in_order_is_fine() -> None:
    """From two readers."""
    verdict = judge(
        sent(3) + sent(2, channel="shroud"),
        arrived(1, 2, 3) + arrived(1, 2, reader="shroud/00", partition=1),
        [],
    )
    assert verdict == Verdict(sent=5, longest_silence_s=0.01)
    assert is_fine(verdict)


def test_a_received_message_that_is_missing_is_lost() -> None:
    """Also the last one, which leaves no unused seq, and also inside a gap."""
    verdict = judge(sent(3), arrived(1, 2), [gap_record(3, 0, 9000)])
    assert verdict.lost == ["#xqc 3 was received and is not in Kafka"]
    assert not is_fine(verdict, gaps=True)


def test_an_unused_seq_is_an_error() -> None:
    """Even if no missing message is known to be received."""
    verdict = judge(sent(3, received=False), arrived(1, 3), [gap_record(4, 2000, 2000)])
    assert not verdict.lost
    assert verdict.unused == [f"{READER}, seq 2"]
    assert not is_fine(verdict, gaps=True)


def test_seqs_may_begin_with_any_number() -> None:
    """A reader with a new name continues with the next seq."""
    assert is_fine(judge(sent(4), arrived(1, 2) + arrived(3, 4, reader="xqc/01"), []))


@pytest.mark.parametrize(
    ("from_ms", "to_ms", "is_covered"),
    [(2001, 9000, True), (2002, 9000, False), (0, 1999, True), (0, 1998, False)],
)
def test_a_message_that_was_not_received_must_be_in_a_gap(
    from_ms: int, to_ms: int, is_covered: bool
) -> None:
    """With a tolerance of one millisecond."""
    not_received = sent(2, received=False)[1]
    verdict = judge([not_received], [], [gap_record(1, from_ms, to_ms)])
    assert (verdict.covered_by_gaps, len(verdict.lost)) == ((1, 0) if is_covered else (0, 1))


def test_a_gap_of_another_channel_does_not_count() -> None:
    """Each channel has its own gaps."""
    verdict = judge(sent(1, channel="shroud", received=False), [], [gap_record(1, 0, 9000)])
    assert len(verdict.lost) == 1


def test_a_gap_that_is_not_allowed_is_an_error() -> None:
    """No reader was away."""
    verdict = judge(sent(1), arrived(1), [gap_record(2, 0, 9000)])
    assert verdict.gaps == 1
    assert is_fine(verdict, gaps=True)
    assert not is_fine(verdict)


def test_a_record_that_is_published_twice_is_a_duplicate() -> None:
    """An error if no publisher was killed."""
    verdict = judge(sent(3), arrived(1, 2, 2, 3), [])
    assert verdict.duplicated == [f"{READER}, seq 2"]
    assert is_fine(verdict, went_back=1)
    assert not is_fine(verdict)


def test_all_records_after_some_record_may_be_repeated_when_a_publisher_was_killed() -> None:
    """Also several times, if the reader continues to its last record in the end."""
    verdict = judge(sent(7), arrived(1, 2, 3, 4, 5, 3, 4, 4, 5, 6, 7), [])
    assert verdict.went_back == 2
    assert len(verdict.duplicated) == 4
    assert is_fine(verdict, went_back=2)
    assert not is_fine(verdict, went_back=1)


@pytest.mark.parametrize(
    "seqs",
    [
        pytest.param((1, 3, 2, 4, 5), id="two are swapped"),
        pytest.param((2, 1, 3, 4, 5), id="the first two are swapped"),
        pytest.param((1, 2, 3, 5, 4), id="the last two are swapped"),
        pytest.param((1, 2, 3, 4, 5, 2, 4, 5), id="not all are repeated"),
        pytest.param((1, 2, 3, 4, 5, 2, 3), id="it does not continue to the end"),
        pytest.param((1, 2, 3, 4, 3, 4, 2, 3, 4, 5), id="further back than before"),
    ],
)
def test_any_other_order_is_an_error(seqs: Sequence[int]) -> None:
    """However many publishers were killed."""
    verdict = judge(sent(5), arrived(*seqs), [])
    assert not verdict.lost
    assert verdict.wrong
    assert not is_fine(verdict, went_back=99)


def test_a_repetition_of_records_acknowledged_long_ago_is_an_error() -> None:
    """After a publisher's death readers go back by less than 20 s."""
    assert is_fine(judge(sent(5), arrived(1, 2, 3, 2, 3, 4, 5), []), went_back=1)
    late = judge(sent(5), arrived(1, 2, 3, 4, 2, 3, 4, 5, every_ms=11_000), [])
    assert late.wrong == [f"{READER} went back to seq 2, which Kafka had had for 22.0 s"]


@pytest.mark.parametrize(
    "again", [Arrival(READER, 3, "xqc 2", 0, 0), Arrival("xqc/01", 2, "xqc 2", 0, 0)]
)
def test_a_message_with_two_seqs_is_an_error(again: Arrival) -> None:
    """The reader stored it twice, or renumbered it, which only few faults allow."""
    verdict = judge(sent(2), [*arrived(1, 2), again], [])
    assert len(verdict.duplicated) == 1
    assert not is_fine(verdict, went_back=99)
    assert not problems(verdict, Allowed(renumbering=True))


def test_two_messages_with_one_seq_are_an_error() -> None:
    """A seq was used twice."""
    other = Arrival(READER, 2, "xqc 3", 0, 0)
    verdict = judge(sent(3), [*arrived(1, 2), other], [])
    assert f"'xqc 3' ({READER}, seq 2) has the seq of 'xqc 2'" in verdict.wrong


def test_a_message_that_was_never_sent_is_an_error() -> None:
    """Also a message of another channel, or with another text."""
    unknown = [
        Arrival(READER, 2, "xqc 2 ", 0, 0),
        Arrival(READER, 3, "shroud 1", 0, 0),
    ]
    verdict = judge(sent(1) + sent(1, channel="shroud"), [*arrived(1), *unknown], [])
    assert [line.endswith("was never sent in that channel") for line in verdict.wrong] == [True] * 2


def test_messages_of_a_channel_in_another_order_are_an_error() -> None:
    """Even if their seqs are in order."""
    swapped = [Arrival(READER, 1, "xqc 2", 0, 0), Arrival(READER, 2, "xqc 1", 0, 0)]
    assert "#xqc 1 comes after #xqc 2" in judge(sent(2), swapped, []).wrong


def test_a_reader_in_two_partitions_is_an_error() -> None:
    """No consumer could know the order."""
    verdict = judge(sent(2), arrived(1) + arrived(2, partition=1), [])
    assert f"{READER} is in the partitions [0, 1]" in verdict.wrong


def test_a_fault_without_effect_is_an_error() -> None:
    """Kafka should have received nothing for a while, but received records all the time."""
    verdict = judge(sent(3), arrived(1, 2, 3, every_ms=1500), [])
    assert verdict.longest_silence_s == 1.5
    assert not problems(verdict, Allowed(least_silence_s=1.5))
    assert problems(verdict, Allowed(least_silence_s=2))


def test_records_are_read_as_arrivals() -> None:
    """With the text of the value, the seq of the headers, and Kafka's timestamp."""
    value = encode_chat_message(ChatMessage("1", "2", "ann", "hi there", 5, []))
    record = Record(b"1", value, 77, {"reader": b"xqc/00", "seq": b"12"}, partition=3, offset=4)
    assert arrivals_of([record]) == [Arrival("xqc/00", 12, "hi there", 3, 77)]
    headers = record.headers | {"id": b"7"}
    announcement = ChatEvent(
        channel_id="1",
        channel="xqc",
        type="announcement",
        timestamp=5,
        message="hi there",
        announcement=Announcement("PRIMARY"),
    )
    raid = ChatEvent(channel_id="1", channel="xqc", type="raid", timestamp=5)
    records = [
        dataclasses.replace(record, value=encode_chat_event(event), headers=headers)
        for event in (announcement, raid)
    ]
    assert events_of(records) == [
        Arrival("xqc/00", 12, "hi there", 3, 77, "7"),
        Arrival("xqc/00", 12, "raid", 3, 77, "7"),
    ]


def test_the_table_has_a_row_for_each_fault() -> None:
    """In Markdown, with columns of equal width."""
    verdict = judge(sent(3), arrived(1, 1, every_ms=2500), [])
    lines = table([Row("unplugged", "at-least-once", 20, verdict).cells()])
    assert [cell.strip() for cell in lines[2].strip("|").split("|")] == [
        "unplugged", "at-least-once", "20", "3", "2", "1", "2.5 s",
        "0", "0", "0", "0", "0", "0",
    ]  # fmt: skip
    assert len({len(line) for line in lines}) == 1
