"""Presence in the channel, and the gaps that absences leave."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from common.chat_gap import ChatGap, GapReason, decode_chat_gap
from common.frames import Kind, decode_batch
from readers.attendance import LATENCY_MS, Attendance
from readers.outbox import Outbox


class Clock:
    """A wall clock that is moved by hand."""

    ms = 1_000_000

    def __call__(self) -> int:
        """Return the time in Unix milliseconds."""
        return self.ms


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    """Return an empty outbox."""
    outbox = Outbox(tmp_path / "xqc.db", "xqc", max_bytes=10**9)
    yield outbox
    outbox.close()


def gaps(outbox: Outbox) -> list[ChatGap]:
    """Return the gaps in *outbox*."""
    found = []
    seq = 0
    while stored := outbox.batch_after(seq):
        batch = decode_batch(stored.body)
        assert batch.kind == Kind.GAP
        assert batch.records[0].key == b"71"
        found += [decode_chat_gap(record.value) for record in batch.records]
        seq = stored.last_seq
    return found


def test_the_first_time_in_a_channel_leaves_no_gap(outbox: Outbox) -> None:
    """There is nothing before it that could be missing."""
    Attendance("xqc", outbox, Clock()).on_entered("71")
    assert gaps(outbox) == []


def test_a_loss_and_a_return_are_one_gap(outbox: Outbox) -> None:
    """From before the last thing heard to the return."""
    clock = Clock()
    attendance = Attendance("xqc", outbox, clock)
    attendance.on_entered("71")
    attendance.on_left(1_005_000, GapReason.DISCONNECTED)
    clock.ms = 1_009_000
    attendance.on_entered("71")
    assert gaps(outbox) == [
        ChatGap("71", "xqc", 1_005_000 - LATENCY_MS, 1_009_000, GapReason.DISCONNECTED)
    ]


def test_after_a_kill_the_gap_begins_where_we_were_heard_last(outbox: Outbox) -> None:
    """The outbox knows; a new process reads it there."""
    clock = Clock()
    attendance = Attendance("xqc", outbox, clock)
    attendance.on_entered("71")
    attendance.on_heard(1_004_000)
    clock.ms = 1_020_000
    Attendance("xqc", outbox, clock).on_entered("71")
    assert gaps(outbox) == [
        ChatGap("71", "xqc", 1_004_000 - LATENCY_MS, 1_020_000, GapReason.RESTARTED)
    ]


def test_a_loss_is_remembered_over_a_restart(outbox: Outbox) -> None:
    """With its reason: a reader that was banned is restarted while it is away."""
    clock = Clock()
    attendance = Attendance("xqc", outbox, clock)
    attendance.on_entered("71")
    attendance.on_left(1_004_000, GapReason.DROPPED)
    attendance.on_stopped()
    clock.ms = 1_020_000
    Attendance("xqc", outbox, clock).on_entered("71")
    assert gaps(outbox) == [
        ChatGap("71", "xqc", 1_004_000 - LATENCY_MS, 1_020_000, GapReason.DROPPED)
    ]


def test_an_orderly_stop_is_the_beginning_of_a_gap(outbox: Outbox) -> None:
    """And the next start is its end."""
    clock = Clock()
    attendance = Attendance("xqc", outbox, clock)
    attendance.on_entered("71")
    clock.ms = 1_010_000
    attendance.on_stopped()
    clock.ms = 1_020_000
    Attendance("xqc", outbox, clock).on_entered("71")
    assert gaps(outbox) == [
        ChatGap("71", "xqc", 1_010_000 - LATENCY_MS, 1_020_000, GapReason.RESTARTED)
    ]


def test_a_second_connection_that_enters_is_no_return(outbox: Outbox) -> None:
    """As when Twitch asks for a new connection."""
    attendance = Attendance("xqc", outbox, Clock())
    attendance.on_entered("71")
    attendance.on_entered("71")
    assert gaps(outbox) == []


def test_a_clock_that_was_set_back_makes_no_gap_that_ends_before_it_begins(outbox: Outbox) -> None:
    """It is then as short as a gap can be."""
    clock = Clock()
    attendance = Attendance("xqc", outbox, clock)
    attendance.on_entered("71")
    attendance.on_left(1_005_000, GapReason.DISCONNECTED)
    clock.ms = 900_000
    attendance.on_entered("71")
    (gap,) = gaps(outbox)
    assert (gap.from_ms, gap.to_ms) == (900_000 - LATENCY_MS, 900_000)
