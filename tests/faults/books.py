"""
Audits the books on the status pages: all the time during a fault, and against Kafka after it.

1. Whenever a page is read, its books balance.
2. In the end nothing waits, and nothing is unconfirmed.
3. A reader has counted each record that Kafka has of it once, and what it dropped is not in Kafka.
   A reader that was killed may have counted some of its events and gaps as messages.
4. The publisher has counted each record of each topic, unless it was killed in between.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from common.status.page import PageError, read_page
from common.status.publisher_status import PUBLISHER_PAGE_BYTES, PublisherStatus
from common.status.reader_status import ReaderStatus
from monitor.collection.books import unaccounted_by_publisher, unaccounted_by_reader
from tests.faults.records import Arrival, Gap, numbers_of

#: Seconds between two looks at all pages.
_LOOK_EVERY_S = 0.02


@dataclass
class BooksAtEnd:
    """What the pages say when all processes have stopped."""

    readers: dict[str, ReaderStatus] = field(default_factory=dict)
    publisher: PublisherStatus | None = None
    #: What is wrong with the books, a sentence each.
    problems: list[str] = field(default_factory=list)

    @property
    def received(self) -> int:
        """How many messages and events all readers have counted."""
        return sum(status.received + status.events for status in self.readers.values())

    @property
    def dropped(self) -> int:
        """How many messages and events all readers have given up."""
        return sum(sum(status.dropped.values()) for status in self.readers.values())


class Audit:
    """Reads the pages over and over, in a thread of its own, until it is left or finished."""

    def __init__(self, readers: Callable[[], Mapping[str, Path]], publisher: Path) -> None:
        """*readers* returns the paths of the readers' pages, by channel."""
        self._readers = readers
        self._publisher = publisher
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look_on, daemon=True)
        #: How many pages were read.
        self.looks = 0
        self._problems: dict[str, str] = {}

    def __enter__(self) -> Audit:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def finish(self) -> BooksAtEnd:
        """End, once all processes have stopped; return what the pages say now."""
        self._stop.set()
        self._thread.join()
        end = BooksAtEnd()
        for channel, path in self._readers().items():
            try:
                end.readers[channel] = self._reader(channel, path)
            except PageError as error:
                self._problems[channel] = f"the page of {channel} cannot be read: {error}"
        try:
            end.publisher = self._balanced_publisher()
        except PageError as error:
            self._problems["publisher"] = f"the page of the publisher cannot be read: {error}"
        if not self.looks:
            self._problems["looks"] = "no page was read during the fault"
        end.problems = [*self._problems.values(), *_left_over(end)]
        return end

    def _look_on(self) -> None:
        while not self._stop.wait(_LOOK_EVERY_S):
            for channel, path in self._readers().items():
                self._try(lambda channel=channel, path=path: self._reader(channel, path))  # type: ignore[misc]
            self._try(self._balanced_publisher)

    def _try(self, look: Callable[[], object]) -> None:
        try:
            look()
        except PageError:
            return  # the process has not written it yet; at the end it must be there
        self.looks += 1

    def _reader(self, channel: str, path: Path) -> ReaderStatus:
        status = read_page(path, ReaderStatus).status
        if unaccounted_by_reader(status):
            self._problems[channel] = f"the books of {channel} do not balance: {status}"
        return status

    def _balanced_publisher(self) -> PublisherStatus:
        status = read_page(self._publisher, PublisherStatus, PUBLISHER_PAGE_BYTES).status
        if unaccounted_by_publisher(status):
            self._problems["publisher"] = f"the books of the publisher do not balance: {status}"
        return status


@dataclass(frozen=True)
class InKafka:
    """All records in Kafka, copies included."""

    messages: Sequence[Arrival]
    events: Sequence[Arrival]
    gaps: Sequence[Gap]


def compare_readers(end: BooksAtEnd, in_kafka: InKafka, *, killed: bool) -> list[str]:
    """
    Return what the readers' books say otherwise than Kafka, a sentence each.

    If readers were *killed*, their counts of events and gaps may be too low.
    """
    messages, events, gaps = (
        Counter(reader.partition("/")[0] for reader, _ in numbers_of(records))
        for records in (in_kafka.messages, in_kafka.events, in_kafka.gaps)
    )
    problems = []
    for channel, status in end.readers.items():
        records = messages[channel] + events[channel] + gaps[channel]
        for name, counted, expected, may_be_less in (
            ("acknowledged records", status.acknowledged, records, False),
            ("events", status.events, events[channel], killed),
            ("gaps", status.gaps - status.replaced_gaps, gaps[channel], killed),
        ):
            if counted > expected or (counted < expected and not may_be_less):
                problems.append(
                    f"{channel} has counted {counted} {name}, Kafka has {expected} different ones"
                )
    return problems


def compare_publisher(
    status: PublisherStatus, in_kafka: Mapping[str, int], *, may_be_behind: bool
) -> list[str]:
    """
    Return what the publisher's books say otherwise than Kafka, a sentence each.

    *in_kafka* is the number of records of each topic, copies included. The counts *may_be_behind*
    if it was killed, or a session ended before Kafka's last confirmations.
    """
    problems = []
    for topic, copies in in_kafka.items():
        published = status.published.get(topic, 0)
        if published > copies or (published < copies and not may_be_behind):
            problems.append(
                f"the publisher has counted {published} published records of {topic},"
                f" Kafka has {copies}"
            )
    return problems


def _left_over(end: BooksAtEnd) -> list[str]:
    found = [
        f"{status.waiting} records of {channel} still wait"
        for channel, status in end.readers.items()
        if status.waiting
    ]
    if end.publisher is not None and end.publisher.unconfirmed:
        found.append(f"{end.publisher.unconfirmed} records are still unconfirmed")
    return found
