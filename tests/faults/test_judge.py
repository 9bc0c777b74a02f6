"""The judge finds what is lost, what is there twice, and what is out of order."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from common.chat_gap import ChatGap, GapReason
from common.chat_message import ChatMessage, encode_chat_message
from tests.faults.judge import Arrival, Gap, Saying, Verdict, arrivals_of, judge
from tests.faults.report import Allowed, Row, problems, table
from tests.topics import Record

READER = "xqc/00"


def said(count: int, *, channel: str = "xqc", heard: bool = True) -> list[Saying]:
    """Return *count* messages, said a second after one another from 1 s on."""
    return [
        Saying(channel, number, f"{channel} {number}", sent_ms=number * 1000, heard=heard)
        for number in range(1, count + 1)
    ]


def arrived(
    *seqs: int, reader: str = READER, partition: int = 0, every_ms: int = 10
) -> list[Arrival]:
    """Return records in which message n has seq n, appended *every_ms* after one another."""
    channel = reader.partition("/")[0]
    return [
        Arrival(reader, seq, f"{channel} {seq}", partition, place * every_ms)
        for place, seq in enumerate(seqs)
    ]


def told(seq: int, from_ms: int, to_ms: int) -> Gap:
    """Return a gap record."""
    return Gap(READER, seq, ChatGap("1", "xqc", from_ms, to_ms, GapReason.RESTARTED))


def is_fine(verdict: Verdict, *, goings_back: int = 0, gaps: bool = False) -> bool:
    """Return whether nothing is wrong."""
    return not problems(verdict, Allowed(goings_back=goings_back, gaps=gaps))


def test_everything_once_and_in_order_is_fine() -> None:
    """Nothing to complain of, from two readers."""
    verdict = judge(
        said(3) + said(2, channel="shroud"),
        arrived(1, 2, 3) + arrived(1, 2, reader="shroud/00", partition=1),
        [],
    )
    assert verdict == Verdict(said=5, longest_silence_s=0.01)
    assert is_fine(verdict)


def test_a_message_that_was_heard_and_is_missing_is_lost() -> None:
    """The last one too, of which no hole in the numbers tells; and no gap is an excuse."""
    verdict = judge(said(3), arrived(1, 2), [told(3, 0, 9000)])
    assert verdict.lost == ["#xqc 3 was heard and is not there"]
    assert not is_fine(verdict, gaps=True)


def test_a_hole_in_the_numbers_is_a_loss_of_something() -> None:
    """Even if nobody is known to have heard what is missing."""
    verdict = judge(said(3, heard=False), arrived(1, 3), [told(4, 2000, 2000)])
    assert not verdict.lost
    assert verdict.unused == [f"{READER}, seq 2"]
    assert not is_fine(verdict, gaps=True)


def test_numbers_may_begin_anywhere() -> None:
    """A reader that begins new ones goes on counting."""
    assert is_fine(judge(said(4), arrived(1, 2) + arrived(3, 4, reader="xqc/01"), []))


@pytest.mark.parametrize(
    ("from_ms", "to_ms", "is_told"),
    [(2001, 9000, True), (2002, 9000, False), (0, 1999, True), (0, 1998, False)],
)
def test_what_nobody_heard_has_to_be_in_a_gap(from_ms: int, to_ms: int, is_told: bool) -> None:
    """To the millisecond."""
    nobody_heard = said(2, heard=False)[1]
    verdict = judge([nobody_heard], [], [told(1, from_ms, to_ms)])
    assert (verdict.told, len(verdict.lost)) == ((1, 0) if is_told else (0, 1))


def test_a_gap_of_another_channel_is_no_excuse() -> None:
    """Each channel has its own."""
    verdict = judge(said(1, channel="shroud", heard=False), [], [told(1, 0, 9000)])
    assert len(verdict.lost) == 1


def test_a_gap_where_no_reader_was_away_is_wrong() -> None:
    """It is told of something that was not."""
    verdict = judge(said(1), arrived(1), [told(2, 0, 9000)])
    assert verdict.gaps == 1
    assert is_fine(verdict, gaps=True)
    assert not is_fine(verdict)


def test_a_record_that_comes_twice_is_a_duplicate() -> None:
    """A wrong one, where no publisher died."""
    verdict = judge(said(3), arrived(1, 2, 2, 3), [])
    assert verdict.duplicated == [f"{READER}, seq 2"]
    assert is_fine(verdict, goings_back=1)
    assert not is_fine(verdict)


def test_everything_after_some_record_may_come_again_when_a_publisher_died() -> None:
    """Also again and again, if it goes on to the end at last."""
    verdict = judge(said(7), arrived(1, 2, 3, 4, 5, 3, 4, 4, 5, 6, 7), [])
    assert verdict.goings_back == 2
    assert len(verdict.duplicated) == 4
    assert is_fine(verdict, goings_back=2)
    assert not is_fine(verdict, goings_back=1)


@pytest.mark.parametrize(
    "seqs",
    [
        pytest.param((1, 3, 2, 4, 5), id="two change places"),
        pytest.param((2, 1, 3, 4, 5), id="the first two change places"),
        pytest.param((1, 2, 3, 5, 4), id="the last two change places"),
        pytest.param((1, 2, 3, 4, 5, 2, 4, 5), id="not all comes again"),
        pytest.param((1, 2, 3, 4, 5, 2, 3), id="it does not go on to the end"),
        pytest.param((1, 2, 3, 4, 3, 4, 2, 3, 4, 5), id="further back than before"),
    ],
)
def test_any_other_order_is_wrong(seqs: Sequence[int]) -> None:
    """However many publishers died."""
    verdict = judge(said(5), arrived(*seqs), [])
    assert not verdict.lost
    assert verdict.wrong
    assert not is_fine(verdict, goings_back=99)


def test_to_send_again_what_was_acknowledged_long_ago_is_wrong() -> None:
    """A publisher's death makes nobody go back for seconds."""
    assert is_fine(judge(said(5), arrived(1, 2, 3, 2, 3, 4, 5), []), goings_back=1)
    late = judge(said(5), arrived(1, 2, 3, 4, 2, 3, 4, 5, every_ms=3000), [])
    assert late.wrong == [f"{READER} went back to seq 2, which Kafka had had for 6.0 s"]


@pytest.mark.parametrize(
    "again", [Arrival(READER, 3, "xqc 2", 0, 0), Arrival("xqc/01", 2, "xqc 2", 0, 0)]
)
def test_a_message_under_two_numbers_is_wrong(again: Arrival) -> None:
    """The reader took it twice, or began new numbers, which only few faults allow."""
    verdict = judge(said(2), [*arrived(1, 2), again], [])
    assert len(verdict.duplicated) == 1
    assert not is_fine(verdict, goings_back=99)
    assert not problems(verdict, Allowed(renumbering=True))


def test_two_messages_under_one_number_are_wrong() -> None:
    """A number was used twice."""
    other = Arrival(READER, 2, "xqc 3", 0, 0)
    verdict = judge(said(3), [*arrived(1, 2), other], [])
    assert f"'xqc 3' ({READER}, seq 2) has the number of 'xqc 2'" in verdict.wrong


def test_what_was_never_said_is_wrong() -> None:
    """And so is what was said in another channel, or is not as it was said."""
    inventions = [
        Arrival(READER, 2, "xqc 2 ", 0, 0),
        Arrival(READER, 3, "shroud 1", 0, 0),
    ]
    verdict = judge(said(1) + said(1, channel="shroud"), [*arrived(1), *inventions], [])
    assert [line.endswith("was never said in that channel") for line in verdict.wrong] == [True] * 2


def test_messages_of_a_channel_in_another_order_are_wrong() -> None:
    """Even if their numbers are in order."""
    swapped = [Arrival(READER, 1, "xqc 2", 0, 0), Arrival(READER, 2, "xqc 1", 0, 0)]
    assert judge(said(2), swapped, []).wrong == ["#xqc 1 comes after #xqc 2"]


def test_a_reader_in_two_partitions_is_wrong() -> None:
    """No consumer could tell the order."""
    verdict = judge(said(2), arrived(1) + arrived(2, partition=1), [])
    assert f"{READER} is in the partitions [0, 1]" in verdict.wrong


def test_a_fault_that_did_nothing_is_told() -> None:
    """Kafka should have got nothing for a while, and got something all the time."""
    verdict = judge(said(3), arrived(1, 2, 3, every_ms=1500), [])
    assert verdict.longest_silence_s == 1.5
    assert not problems(verdict, Allowed(least_silence_s=1.5))
    assert problems(verdict, Allowed(least_silence_s=2))


def test_records_are_read_as_arrivals() -> None:
    """The text from the value, the number from the headers, Kafka's time."""
    value = encode_chat_message(ChatMessage("1", "2", "ann", "hi there", 5, []))
    record = Record(b"1", value, 77, {"reader": b"xqc/00", "seq": b"12"}, partition=3, offset=4)
    assert arrivals_of([record]) == [Arrival("xqc/00", 12, "hi there", 3, 77)]


def test_the_table_has_a_line_for_each_fault() -> None:
    """In Markdown, with the numbers that matter."""
    verdict = judge(said(3), arrived(1, 1, every_ms=2500), [])
    lines = table([Row("unplugged", "at-least-once", 20, verdict)])
    assert [cell.strip() for cell in lines[2].strip("|").split("|")] == [
        "unplugged", "at-least-once", "20", "3", "2", "1", "2.5 s",
    ]  # fmt: skip
    assert len({len(line) for line in lines}) == 1
