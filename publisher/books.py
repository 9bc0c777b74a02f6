"""
The publisher's books: what became of each record that was taken, and what the publisher does now.

They are the publisher's status page. Each count goes on where the last process stopped; what that
process had not seen confirmed is abandoned, because it cannot see it any more.

A batch is settled as a whole, once Kafka has confirmed all that it was given of it. Until then all
of its records are unconfirmed, also those that are left out and those that became dead letters:
if the session ends, the reader sends all of them again. So one call moves a batch from one side of
the identity to the other, and the page, which is written between two calls, always balances:

    taken = published + duplicates + left_out_gaps + left_out_events + dead_letters + unconfirmed
            + abandoned
"""

from __future__ import annotations

import copy
import os
import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Protocol

from common.frames import Kind, Record
from common.status.histogram import DELIVERY_S, PUBLISH_S
from common.status.page import StatusPage
from common.status.publisher_status import (
    PROBLEM_CHARACTERS,
    PublisherState,
    PublisherStatus,
)
from common.unix_time import unix_ms
from publisher.kafka.statistics import Statistics
from publisher.oldest_taken import OldestTaken, TakenSecond
from publisher.summary import numbers, summary

#: Seconds after which a turn is written although nothing has changed: whether the publisher turns
#: is a check of its health, with a limit of 10 s. Less than the second after which it turns anyway.
_WRITE_EVERY_S = 0.5


class TakenBatch(Protocol):
    """What the books need to know of a batch."""

    #: The second in which it was taken; the books set it.
    second: TakenSecond | None

    @property
    def taken_s(self) -> float:
        """When it was taken, in seconds of a monotonic clock."""

    @property
    def count(self) -> int:
        """The number of its records, including those that are left out."""

    @property
    def kind(self) -> Kind:
        """The kind of its records."""

    @property
    def topic(self) -> str:
        """The topic that its records are written to; empty if all of them are left out."""

    @property
    def records(self) -> Sequence[Record]:
        """The records that are not left out."""

    @property
    def dead_letters(self) -> Mapping[str, int]:
        """How many records were replaced by dead letters, by librdkafka's name of the error."""


class Books:
    """Counts, and writes the page. At the end of its context, the publisher has stopped."""

    def __init__(self, page: StatusPage[PublisherStatus], status: PublisherStatus) -> None:
        """Go on with *status*, which has all counts that there can be."""
        self._page = page
        self._status = status
        self._oldest = OldestTaken()
        self._statistics = Statistics(status.kafka)
        status.kafka = self._statistics.figures
        self._kafka_problem = ""
        self._other_problem = ""
        self._is_changed = True
        self._lacks_taken = self._lacks_settled = False
        self._write_at = 0.0
        status.pid = os.getpid()
        status.state_since_ms = status.kafka_since_ms = unix_ms()
        status.state = PublisherState.STARTING
        status.kafka_is_reachable = False
        status.session = status.readers = 0
        status.problem = ""
        self.abandon()
        self._before = copy.deepcopy(status)

    def __enter__(self) -> Books:
        self.write()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if isinstance(error, Exception):
            self.explain(str(error))
        self.enter(PublisherState.STOPPED)
        self.write()
        self._page.close()

    @property
    def unconfirmed(self) -> int:
        """Records of the session's batches that are not settled, also those that are left out."""
        return self._status.unconfirmed

    def take(self, batch: TakenBatch) -> None:
        """Count a batch that was accepted from a reader. The page shows it with the next change."""
        status, count = self._status, batch.count
        status.taken += count
        status.unconfirmed += count
        batch.second = self._oldest.take(batch.taken_s)
        self._lacks_taken = True

    def write_taken(self) -> None:
        """
        Write the page if it lacks a batch that was taken.

        Kafka is about to get it for good: if the process is killed, no reader sends it again, and
        it would not be counted.
        """
        if self._lacks_taken:
            self.write()

    def write_settled(self) -> None:
        """
        Write the page if it lacks a batch that was settled.

        No reader will send it again. Before that, a kill of the process lets it count as abandoned.
        """
        if self._lacks_settled:
            self.write()

    def settle(self, batch: TakenBatch) -> None:
        """
        Count a taken batch of which Kafka has confirmed all that it was given.

        The page shows it with the next change, or with `write_settled`.
        """
        status, count, records = self._status, batch.count, batch.records
        kind, published = batch.kind, len(records)
        status.unconfirmed -= count
        if batch.second is not None:
            batch.second.unsettled -= 1
        self._lacks_settled = True
        if left_out := count - published:
            if kind is Kind.CHAT:
                status.duplicates += left_out
            elif kind is Kind.EVENT:
                status.left_out_events += left_out
            else:
                status.left_out_gaps += left_out
        if not published:
            return
        if dead_letters := batch.dead_letters:
            published -= sum(dead_letters.values())
            _add(status.dead_letters, dead_letters)
        status.published[batch.topic] += published
        status.publish.observe(PUBLISH_S, time.monotonic() - batch.taken_s)
        if kind is Kind.CHAT:
            delay_s = time.time() - records[0].timestamp / 1000
            # Twitch's clock and ours differ.
            status.delivery.observe(DELIVERY_S, delay_s if delay_s > 0 else 0.0, published)

    def abandon(self) -> None:
        """Count what is not settled as abandoned: its session, or its process, has ended."""
        self._status.abandoned += self._status.unconfirmed
        self._status.unconfirmed = 0
        self._oldest.forget_all()
        self._is_changed = True

    def count_refused(self, reason: str) -> None:
        """Count a batch that was not accepted."""
        self._status.refused_batches[reason] += 1
        self._is_changed = True

    def count_malformed(self, reason: str) -> None:
        """Count a message that no reader of this version has sent."""
        self._status.malformed_frames[reason] += 1
        self._is_changed = True

    def count_connections(self, *, ended: int, refused: Mapping[str, int], readers: int) -> None:
        """
        Note how many *readers* are connected.

        *ended* and *refused*, by reason, are the connections since the start of the process.
        """
        status, before = self._status, self._before
        status.ended_connections = before.ended_connections + ended
        for reason, count in refused.items():
            earlier = before.refused_connections.get(reason, 0)
            status.refused_connections[reason] = earlier + count
        status.readers = readers

    def enter(self, state: PublisherState) -> None:
        """Note what the publisher does from now on."""
        if state != self._status.state:
            self._status.state = state
            self._status.state_since_ms = unix_ms()
            self._is_changed = True

    def begin_session(self, session: int) -> None:
        """Note that a session has begun."""
        self._status.session = session
        self._status.sessions += 1
        self.explain("")
        self.enter(PublisherState.IN_SESSION)

    def use_kafka(self, brokers: str) -> None:
        """Note the addresses of the cluster's *brokers*."""
        self._status.kafka_brokers = brokers[:PROBLEM_CHARACTERS]
        self._is_changed = True

    def note_kafka(self, is_reachable: bool, problem: str) -> None:
        """Note whether a broker responds, and why not."""
        if is_reachable != self._status.kafka_is_reachable:
            self._status.kafka_is_reachable = is_reachable
            self._status.kafka_since_ms = unix_ms()
        self._kafka_problem = problem
        self._show_problem()

    def note_statistics(self, text: str) -> None:
        """Note librdkafka's statistics of the session's producer."""
        self._statistics.update(text)
        self._status.kafka = self._statistics.figures
        self._is_changed = True

    def explain(self, problem: str) -> None:
        """Note why there is no session, or nothing is confirmed; empty if nothing is wrong."""
        if problem != self._other_problem:
            self._other_problem = problem
            self._show_problem()

    def turn(self) -> None:
        """
        Note that a loop of the publisher has turned. Writes the page if something has changed, and
        otherwise now and then: what was only taken or settled is not counted as that if the process
        is killed before, but its readers send it again.
        """
        if self._is_changed or time.monotonic() >= self._write_at:
            self.write()

    def write(self) -> None:
        """Write the page."""
        status = self._status
        status.written_ms = status.turned_ms = unix_ms()
        status.oldest_unconfirmed_ms = self._oldest.taken_ms
        self._page.write(status)
        self._is_changed = self._lacks_taken = self._lacks_settled = False
        self._write_at = time.monotonic() + _WRITE_EVERY_S

    def summary(self) -> str:
        """Return what has happened since the start of the process, as one line for the log."""
        return summary(self.numbers())

    def numbers(self) -> dict[str, int | Mapping[str, int]]:
        """Return the log's counts since the start of the process, by name."""
        return numbers(self._status, self._before)

    def _show_problem(self) -> None:
        # While Kafka cannot be reached, everything else follows from that.
        problem = self._kafka_problem or self._other_problem
        self._status.problem = problem[:PROBLEM_CHARACTERS]
        self._is_changed = True


def _add(counts: dict[str, int], more: Mapping[str, int]) -> None:
    for name, count in more.items():
        counts[name] = counts.get(name, 0) + count


def from_zero(names: Sequence[str], counts: Mapping[str, int]) -> dict[str, int]:
    """Return *counts*, and 0 for each of *names* that is missing there."""
    return {**dict.fromkeys(names, 0), **counts}
