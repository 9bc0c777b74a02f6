"""The audit finds counts that differ from what is in Kafka."""

from __future__ import annotations

import pytest

from common.chat_gap import ChatGap, GapReason
from common.status.publisher_status import PublisherStatus
from common.status.reader_status import ReaderStatus
from tests.faults.books import BooksAtEnd, InKafka, compare_publisher, compare_readers
from tests.faults.records import Arrival, Gap

#: Two messages, one of which has a copy, an event, and a gap.
_IN_KAFKA = InKafka(
    messages=[Arrival("xqc/00", seq, "hi", 0, 0) for seq in (1, 2, 2)],
    events=[Arrival("xqc/00", 3, "hi", 0, 0)],
    gaps=[Gap("xqc/00", 4, ChatGap("1", "xqc", 0, 1, GapReason.RESTARTED))],
)


@pytest.mark.parametrize(
    ("acknowledged", "events", "gaps", "if_killed", "else_"),
    [
        pytest.param(4, 1, 1, 0, 0, id="as in Kafka"),
        pytest.param(3, 1, 1, 1, 1, id="a record too few"),
        pytest.param(4, 0, 1, 0, 1, id="an event counted as a message"),
        pytest.param(4, 1, 0, 0, 1, id="a gap counted as a message"),
        pytest.param(4, 2, 1, 1, 1, id="an event too many"),
    ],
)
def test_a_reader_counts_each_record_once(
    acknowledged: int, events: int, gaps: int, if_killed: int, else_: int
) -> None:
    """With its topic, if it was not killed."""
    status = ReaderStatus(acknowledged=acknowledged, events=events, gaps=gaps)
    books = BooksAtEnd({"xqc": status})
    assert len(compare_readers(books, _IN_KAFKA, killed=True)) == if_killed
    assert len(compare_readers(books, _IN_KAFKA, killed=False)) == else_


def test_a_publisher_counts_each_record_of_each_topic() -> None:
    """One that was killed may count too few of them."""
    status = PublisherStatus(published={"messages": 3, "events": 1})
    assert not compare_publisher(status, {"messages": 3, "events": 1}, may_be_behind=False)
    swapped = {"messages": 2, "events": 2}
    assert len(compare_publisher(status, swapped, may_be_behind=False)) == 2
    assert len(compare_publisher(status, swapped, may_be_behind=True)) == 1
