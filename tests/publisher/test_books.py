"""The publisher's books: what they count, and what they go on with."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from common.frames import Kind, Record
from common.status.page import StatusPage, read_page
from common.status.publisher_status import (
    PROBLEM_CHARACTERS,
    PUBLISHER_PAGE_BYTES,
    SHOWN_BROKERS,
    BrokerFigures,
    KafkaFigures,
    PublisherState,
    PublisherStatus,
    publisher_page,
)
from publisher.books import Books
from publisher.oldest_taken import OldestTaken, TakenSecond
from tests.publisher.books import new_books, status_of


@dataclass
class TakenRecords:
    """A batch of *count* records, of which some are left out or became dead letters."""

    count: int
    kind: Kind = Kind.CHAT
    topic: str = "chat"
    left_out: int = 0
    said_ms: int = 1
    second: TakenSecond | None = None
    taken_s: float = field(default_factory=time.monotonic)
    dead_letters: dict[str, int] = field(default_factory=dict)

    @property
    def records(self) -> list[Record]:
        """What is left of it."""
        return [Record(b"", self.said_ms, b"")] * (self.count - self.left_out)


@pytest.fixture
def books(tmp_path: Path) -> Iterator[Books]:
    """Books of which nothing is known yet."""
    with new_books(tmp_path) as books:
        yield books


def _written(books: Books, state_dir: Path) -> PublisherStatus:
    books.write()
    return status_of(state_dir)


def test_every_count_that_there_can_be_begins_with_zero(books: Books, tmp_path: Path) -> None:
    """Prometheus sees no increase in a count that appears with its first event."""
    status = _written(books, tmp_path)

    assert status.published == {"chat": 0, "chat-events": 0, "chat-gaps": 0}
    assert status.dead_letters["MSG_SIZE_TOO_LARGE"] == 0
    assert status.refused_batches == {"another session": 0, "out of sequence": 0}
    assert status.malformed_frames["undecodable"] == 0
    assert status.refused_connections["unknown key"] == 0
    assert status.pid == os.getpid()


def test_a_batch_is_unconfirmed_as_a_whole_until_it_is_settled(
    books: Books, tmp_path: Path
) -> None:
    """Also its records that are left out: their reader still holds them."""
    batch = TakenRecords(10, left_out=4, dead_letters={"INVALID_RECORD": 1})
    books.take(batch)
    assert _written(books, tmp_path).unconfirmed == books.unconfirmed == 10

    books.settle(batch)

    status = _written(books, tmp_path)
    assert status.unconfirmed == 0
    assert status.published["chat"] == 5
    assert status.duplicates == 4
    assert status.dead_letters["INVALID_RECORD"] == 1


def test_gap_records_that_are_left_out_are_no_duplicates(books: Books, tmp_path: Path) -> None:
    """Nor has a gap record a delay: it is written when the gap is over."""
    batch = TakenRecords(3, Kind.GAP, "chat-gaps", left_out=2)
    books.take(batch)
    books.settle(batch)

    status = _written(books, tmp_path)
    assert (status.left_out_gaps, status.duplicates) == (2, 0)
    assert status.published["chat-gaps"] == 1
    assert sum(status.delivery.counts) == 0
    assert sum(status.publish.counts) == 1


def test_events_that_are_left_out_are_no_duplicates_of_messages(
    books: Books, tmp_path: Path
) -> None:
    """Some are copies, some were sent although there is no topic; they have no delay either."""
    batches = [
        TakenRecords(3, Kind.EVENT, "chat-events", left_out=2),
        TakenRecords(4, Kind.EVENT, "", left_out=4),
    ]
    for batch in batches:
        books.take(batch)
        books.settle(batch)

    status = _written(books, tmp_path)
    assert (status.left_out_events, status.left_out_gaps, status.duplicates) == (6, 0, 0)
    assert status.published == {"chat": 0, "chat-events": 1, "chat-gaps": 0}
    assert sum(status.delivery.counts) == 0
    assert sum(status.publish.counts) == 1


def test_the_delay_is_that_of_the_oldest_message_for_each_published_one(
    books: Books, tmp_path: Path
) -> None:
    """A minute after Twitch's timestamp; a timestamp that is ahead of our clock counts as none."""
    now_ms = int(time.time() * 1000)
    for said_ms in (now_ms - 59_000, now_ms + 3_600_000):
        batch = TakenRecords(10, said_ms=said_ms, dead_letters={"INVALID_RECORD": 2})
        books.take(batch)
        books.settle(batch)

    delivery = _written(books, tmp_path).delivery
    assert delivery.counts == [8, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0]
    assert 8 * 59 <= delivery.total_s < 8 * 60


def test_a_batch_of_copies_has_no_delay(books: Books, tmp_path: Path) -> None:
    """Nothing was given to Kafka."""
    batch = TakenRecords(2, left_out=2)
    books.take(batch)
    books.settle(batch)

    status = _written(books, tmp_path)
    assert sum(status.publish.counts) == sum(status.delivery.counts) == 0
    assert status.duplicates == 2


def test_what_a_session_leaves_unconfirmed_is_abandoned(books: Books, tmp_path: Path) -> None:
    """Its end is known here."""
    books.take(TakenRecords(10))
    books.abandon()

    status = _written(books, tmp_path)
    assert (status.taken, status.unconfirmed, status.abandoned) == (10, 0, 10)
    assert status.oldest_unconfirmed_ms == 0


def test_the_next_process_goes_on_counting(tmp_path: Path) -> None:
    """What the last one left unconfirmed is abandoned; what it was doing is over."""
    with new_books(tmp_path) as first:
        first.begin_session(7)
        first.note_kafka(is_reachable=True, problem="")
        settled = TakenRecords(5)
        first.take(settled)
        first.settle(settled)
        first.take(TakenRecords(3))
        first.count_refused("out of sequence")
        first.count_connections(ended=2, refused={"unknown key": 4}, readers=3)
    with new_books(tmp_path) as second:
        second.count_connections(ended=1, refused={"unknown key": 1}, readers=1)
        status = _written(second, tmp_path)

        assert second.summary() == ("1 connection ended; 1 connection refused, unknown key")
    assert status.state == PublisherState.STARTING
    assert (status.session, status.sessions, status.readers) == (0, 1, 1)
    assert not status.kafka_is_reachable
    assert (status.taken, status.unconfirmed, status.abandoned) == (8, 0, 3)
    assert status.refused_batches["out of sequence"] == 1
    assert (status.ended_connections, status.refused_connections["unknown key"]) == (3, 5)


def test_an_outage_explains_everything_else(books: Books, tmp_path: Path) -> None:
    """What else is wrong shows when it is over."""
    books.explain("topic missing")
    books.note_kafka(is_reachable=False, problem="cannot be reached")
    assert _written(books, tmp_path).problem == "cannot be reached"

    books.note_kafka(is_reachable=True, problem="")
    assert _written(books, tmp_path).problem == "topic missing"

    books.begin_session(7)
    assert _written(books, tmp_path).problem == ""


def test_books_that_end_with_an_error_say_so(tmp_path: Path) -> None:
    """The process has stopped, and why is not only in the log."""
    with pytest.raises(OSError, match="address in use"), new_books(tmp_path):
        raise OSError("address in use")

    status = status_of(tmp_path)
    assert (status.state, status.problem) == (PublisherState.STOPPED, "address in use")


def test_a_turn_writes_the_page_only_if_it_has_to(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If it was not written for a while. It lacks a settled batch until that is acknowledged."""
    now_s = 100.0
    monkeypatch.setattr("publisher.books.time.monotonic", lambda: now_s)
    written = []
    monkeypatch.setattr(
        StatusPage, "write", lambda _, status: written.append((status.taken, status.unconfirmed))
    )
    books.write()
    books.turn()
    batches = TakenRecords(1), TakenRecords(1)
    for batch in batches:
        books.take(batch)
    books.turn()
    assert written == [(0, 0)]

    books.settle(batches[0])
    books.turn()
    assert written == [(0, 0)]
    books.write_settled()
    books.write_settled()
    books.turn()
    assert written == [(0, 0), (2, 1)]

    now_s += 1.0
    books.turn()
    assert written == [(0, 0), (2, 1), (2, 1)]


def test_the_largest_status_fits_into_the_page(tmp_path: Path) -> None:
    """Or the page would stay as it was, and the publisher would seem to stand still."""
    brokers = [
        BrokerFigures("b" * 255, True, *[2**63] * 4, *[1 / 3] * 6) for _ in range(SHOWN_BROKERS)
    ]
    topics = [f"{number}".ljust(249, "t") for number in range(8)]
    status = PublisherStatus(
        problem="\N{GRINNING FACE}" * PROBLEM_CHARACTERS,
        kafka_brokers="b" * PROBLEM_CHARACTERS,
        published=dict.fromkeys(topics, 2**63),
        kafka=KafkaFigures(brokers=brokers, batch_messages=dict.fromkeys(topics, 1 / 3)),
    )
    page = StatusPage(publisher_page(tmp_path), PublisherStatus, PUBLISHER_PAGE_BYTES)
    page.write(PublisherStatus(written_ms=1))
    page.write(status)

    written = read_page(publisher_page(tmp_path), PublisherStatus, PUBLISHER_PAGE_BYTES)
    assert written.status.kafka_brokers == status.kafka_brokers


def test_the_oldest_batch_is_known_whatever_the_order_of_confirming(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Up to a second too early, if another one of that second was the first."""
    oldest = OldestTaken()
    assert oldest.taken_ms == 0
    seconds = []
    for taken_s in (10.25, 10.75, 12.0):
        monkeypatch.setattr("publisher.oldest_taken.time.time", lambda at=taken_s: at - 9)
        seconds.append(oldest.take(taken_s))
    first, same, last = seconds

    last.unsettled -= 1
    assert oldest.taken_ms == 1250
    first.unsettled -= 1
    assert oldest.taken_ms == 1250
    same.unsettled -= 1
    assert oldest.taken_ms == 0
