"""When acknowledgements are sent, on a clock that the test sets."""

from __future__ import annotations

from itertools import pairwise

import pytest

from publisher.link.acknowledgement_schedule import (
    HELD_NUMBERS,
    HELD_S,
    HELD_TIMES,
    AcknowledgementSchedule,
    DueAcknowledgement,
)
from publisher.link.sequence import Position
from readers.link.go_back_n import WINDOW_BATCHES

ANN, BOB = "ann/00", "bob/00"

#: A moment, in seconds of the clock, and as Unix microseconds.
NOW = 1000.0
NOW_US = 1_700_000_000_000_000


class Schedule:
    """A schedule with its clock."""

    def __init__(self) -> None:
        self.schedule = AcknowledgementSchedule()
        self.now = NOW

    def confirm(self, reader: str, *seqs: int) -> None:
        """Have Kafka confirm up to each of *seqs*, a millisecond after the one before."""
        for seq in seqs:
            self._add(reader, seq)

    def refuse(self, reader: str, seq: int) -> None:
        """Refuse a batch of *reader*, of which Kafka has confirmed all up to *seq*."""
        self._add(reader, seq, reader)

    def sent(self) -> dict[str, int]:
        """Return the acknowledged numbers that are sent now, by reader."""
        return {name: due.position.seq for name, due in self.take().items()}

    def take(self) -> dict[str, DueAcknowledgement]:
        """Return what is sent now."""
        return self.schedule.take_due(self.now)

    def _add(self, reader: str, seq: int, *refused: str) -> None:
        self.now += 0.001
        now_us = NOW_US + round((self.now - NOW) * 1e6)
        self.schedule.add({reader: Position(seq)}, self.now, now_us, refused)


@pytest.fixture
def schedule() -> Schedule:
    """Return a schedule that has sent nothing yet."""
    return Schedule()


def test_the_first_acknowledgement_for_a_while_is_sent_at_once(schedule: Schedule) -> None:
    """To each reader: a quiet channel does not wait for anything."""
    schedule.confirm(ANN, 1)
    schedule.confirm(BOB, 5)
    assert schedule.sent() == {ANN: 1, BOB: 5}
    schedule.now += 2 * HELD_S
    schedule.confirm(ANN, 2)
    assert schedule.sent() == {ANN: 2}
    assert schedule.schedule.due_at() is None


def test_what_is_confirmed_soon_after_is_sent_together(schedule: Schedule) -> None:
    """With the time of each confirmation, and none of them twice."""
    schedule.confirm(ANN, 1)
    assert schedule.take() == {ANN: DueAcknowledgement(Position(1), ((1, NOW_US + 1000),))}
    schedule.confirm(ANN, 3, 4)
    assert schedule.take() == {}
    schedule.now = schedule.schedule.due_at() or 0.0
    assert schedule.now == pytest.approx(NOW + 0.002 + HELD_S)
    times = ((3, NOW_US + 2000), (4, NOW_US + 3000))
    assert schedule.take() == {ANN: DueAcknowledgement(Position(4), times)}
    assert schedule.take() == {}


def test_a_reader_is_acknowledged_a_few_times_a_second(schedule: Schedule) -> None:
    """Whatever Kafka confirms, and nothing waits longer than it may."""
    sent = []
    for seq in range(1, 1001):
        schedule.now += 0.009
        schedule.confirm(ANN, seq)
        sent += [(schedule.now, seq) for seq in schedule.sent().values()]
    assert len(sent) <= 10 / HELD_S
    assert max(later[0] - before[0] for before, later in pairwise(sent)) <= HELD_S + 0.02


def test_readers_do_not_wait_for_each_other(schedule: Schedule) -> None:
    """What was held first is due first."""
    for reader in (ANN, BOB):
        schedule.confirm(reader, 1, 2)
    assert schedule.sent() == {ANN: 1, BOB: 1}
    schedule.now = NOW + HELD_S + 0.003
    assert schedule.sent() == {ANN: 2}
    schedule.now += 0.002
    assert schedule.sent() == {BOB: 2}


@pytest.mark.parametrize(
    ("step", "count"),
    [
        pytest.param(1, HELD_TIMES, id="many confirmations"),
        pytest.param(HELD_NUMBERS // 4, 4, id="many records"),
        pytest.param(HELD_NUMBERS, 1, id="one large batch"),
    ],
)
def test_much_is_sent_earlier(schedule: Schedule, step: int, count: int) -> None:
    """The window of a flooded reader does not become full of what Kafka has confirmed."""
    schedule.confirm(ANN, 1)
    schedule.take()
    *some, last = [1 + step * number for number in range(1, count + 1)]
    schedule.confirm(ANN, *some)
    assert schedule.sent() == {}
    schedule.confirm(ANN, last)
    taken = schedule.take()
    assert taken[ANN].position.seq == last
    assert len(taken[ANN].confirmed) == count
    assert schedule.now - NOW < HELD_S
    assert HELD_NUMBERS <= WINDOW_BATCHES // 2


@pytest.mark.parametrize("waits_s", [0.0, 2 * HELD_S])
def test_a_repetition_is_sent_at_once(schedule: Schedule, waits_s: float) -> None:
    """The reader sent again what was acknowledged, so it did not receive that."""
    schedule.confirm(ANN, 1)
    schedule.take()
    schedule.now += waits_s
    schedule.refuse(ANN, 1)
    assert schedule.sent() == {ANN: 1}


def test_a_repetition_does_not_say_when_kafka_confirmed(schedule: Schedule) -> None:
    """That was said when it was new."""
    schedule.confirm(ANN, 1)
    schedule.take()
    schedule.refuse(ANN, 1)
    assert schedule.take() == {ANN: DueAcknowledgement(Position(1), ())}


@pytest.mark.parametrize("seq", [pytest.param(2, id="held"), pytest.param(3, id="new")])
def test_a_repetition_of_what_is_held_is_sent_at_once(schedule: Schedule, seq: int) -> None:
    """The reader connected again meanwhile, and begins with what it does not know as confirmed."""
    schedule.confirm(ANN, 1, 2)
    schedule.take()
    schedule.refuse(ANN, seq)
    times = ((2, NOW_US + 2000), (3, NOW_US + 3000))
    assert schedule.take() == {ANN: DueAcknowledgement(Position(seq), times[: seq - 1])}
    assert schedule.schedule.due_at() is None


def test_everything_is_sent_at_the_end(schedule: Schedule) -> None:
    """What is held, and what has just been confirmed."""
    schedule.confirm(ANN, 1, 2)
    schedule.take()
    schedule.confirm(BOB, 7)
    everything = schedule.schedule.take_all(schedule.now)
    assert {name: due.position.seq for name, due in everything.items()} == {ANN: 2, BOB: 7}
    assert schedule.schedule.due_at() is None


def test_only_the_readers_of_the_last_moments_are_remembered(schedule: Schedule) -> None:
    """However many there have been."""
    for number in range(10_000):
        schedule.confirm(f"reader{number}/00", 1, 2)
        schedule.take()
    remembered = len(schedule.schedule._sent) + len(schedule.schedule._held)
    assert remembered <= 4 * HELD_S / 0.002
