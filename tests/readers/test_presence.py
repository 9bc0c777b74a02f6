"""Presence in the channel, and the gap records of absences."""

from __future__ import annotations

import pytest

from common.chat_gap import ChatGap, GapReason, decode_chat_gap
from common.frames import Batch, Kind, Record
from readers.outbox.database import Absence
from readers.outbox.outbox import Outbox
from readers.presence import COMPARED_AFTER_MS, LATENCY_MS, ChannelPresence
from tests.readers.outboxes import batches_after


class Clock:
    """A wall clock that the test sets."""

    ms = 1_000_000

    def __call__(self) -> int:
        """Return the time in Unix milliseconds."""
        return self.ms


class ComparingPublisher:
    """A publisher that compares readers, with the presences reported to it."""

    def __init__(self) -> None:
        self.reports: list[tuple[str, int, int]] = []

    def __call__(self, channel_id: str, since_ms: int, until_ms: int) -> bool:
        """Record a presence."""
        self.reports.append((channel_id, since_ms, until_ms))
        return True


def presence_without_comparison(outbox: Outbox, clock: Clock) -> ChannelPresence:
    """Return the presence of a reader whose publisher does not compare readers."""
    return ChannelPresence("xqc", outbox, outbox.append, lambda *_: False, clock)


def gaps(outbox: Outbox) -> list[ChatGap]:
    """Return the gaps in *outbox*."""
    found = []
    for batch in batches_after(outbox, 0):
        assert batch.kind == Kind.GAP
        assert batch.records[0].key == b"71"
        found += [decode_chat_gap(record.value) for record in batch.records]
    return found


def test_joining_for_the_first_time_adds_no_gap_record(outbox: Outbox) -> None:
    """No message from before can be missing."""
    presence_without_comparison(outbox, Clock()).on_entered("71")
    assert gaps(outbox) == []


def test_an_absence_becomes_one_gap_record(outbox: Outbox) -> None:
    """It begins LATENCY_MS before the last message and ends with the return."""
    clock = Clock()
    presence = presence_without_comparison(outbox, clock)
    presence.on_entered("71")
    presence.on_left(1_005_000, GapReason.DISCONNECTED)
    clock.ms = 1_009_000
    presence.on_entered("71")
    assert gaps(outbox) == [
        ChatGap("71", "xqc", 1_005_000 - LATENCY_MS, 1_009_000, GapReason.DISCONNECTED)
    ]


def test_a_gap_record_is_appended_at_once(outbox: Outbox) -> None:
    """In a quiet channel, no message may follow for a long time."""
    appended: list[Batch] = []
    presence = ChannelPresence("xqc", outbox, appended.append, lambda *_: False, Clock())
    presence.on_entered("71")
    presence.on_left(1_005_000, GapReason.DISCONNECTED)
    assert appended == []
    presence.on_entered("71")
    assert [batch.kind for batch in appended] == [Kind.GAP]


def test_after_a_kill_the_gap_begins_at_the_last_message_received(outbox: Outbox) -> None:
    """The outbox stores that time, and the new process reads it."""
    clock = Clock()
    presence = presence_without_comparison(outbox, clock)
    presence.on_entered("71")
    presence.on_received(1_005_000)
    clock.ms = 1_020_000
    presence_without_comparison(outbox, clock).on_entered("71")
    assert gaps(outbox) == [
        ChatGap("71", "xqc", 1_005_000 - LATENCY_MS, 1_020_000, GapReason.RESTARTED)
    ]


def test_a_restart_keeps_the_reason_of_an_absence(outbox: Outbox) -> None:
    """For example, a reader was banned and is restarted while it is absent."""
    clock = Clock()
    presence = presence_without_comparison(outbox, clock)
    presence.on_entered("71")
    presence.on_left(1_004_000, GapReason.DROPPED)
    presence.on_stopped()
    clock.ms = 1_020_000
    presence_without_comparison(outbox, clock).on_entered("71")
    assert gaps(outbox) == [
        ChatGap("71", "xqc", 1_004_000 - LATENCY_MS, 1_020_000, GapReason.DROPPED)
    ]


def test_an_orderly_stop_begins_a_gap(outbox: Outbox) -> None:
    """The next start ends it."""
    clock = Clock()
    presence = presence_without_comparison(outbox, clock)
    presence.on_entered("71")
    clock.ms = 1_010_000
    presence.on_stopped()
    clock.ms = 1_020_000
    presence_without_comparison(outbox, clock).on_entered("71")
    assert gaps(outbox) == [
        ChatGap("71", "xqc", 1_010_000 - LATENCY_MS, 1_020_000, GapReason.RESTARTED)
    ]


def test_a_second_connection_that_joins_adds_no_gap_record(outbox: Outbox) -> None:
    """For example, when Twitch requests a reconnect."""
    presence = presence_without_comparison(outbox, Clock())
    presence.on_entered("71")
    presence.on_entered("71")
    assert gaps(outbox) == []


def test_after_the_clock_was_set_back_a_gap_does_not_end_before_it_begins(outbox: Outbox) -> None:
    """It gets the shortest length, LATENCY_MS."""
    clock = Clock()
    presence = presence_without_comparison(outbox, clock)
    presence.on_entered("71")
    presence.on_left(1_005_000, GapReason.DISCONNECTED)
    clock.ms = 900_000
    presence.on_entered("71")
    (gap,) = gaps(outbox)
    assert (gap.from_ms, gap.to_ms) == (900_000 - LATENCY_MS, 900_000)


def test_presence_is_reported_to_a_publisher_that_compares_readers(outbox: Outbox) -> None:
    """From each time of joining, until LATENCY_MS before the last message."""
    clock, publisher = Clock(), ComparingPublisher()
    presence = ChannelPresence("xqc", outbox, outbox.append, publisher, clock)
    presence.on_entered("71")
    presence.on_received(1_005_000)
    presence.on_left(1_006_000, GapReason.DISCONNECTED)
    presence.on_received(1_007_000)
    clock.ms = 1_009_000
    presence.on_entered("71")
    assert publisher.reports == [
        ("71", 1_000_000, 1_000_000 - LATENCY_MS),
        ("71", 1_000_000, 1_005_000 - LATENCY_MS),
        ("71", 1_009_000, 1_009_000 - LATENCY_MS),
    ]


def test_where_readers_are_compared_a_gap_record_is_delayed(outbox: Outbox) -> None:
    """The other readers have time to report their presence. The gap record stays the same."""
    clock = Clock()
    presence = ChannelPresence("xqc", outbox, outbox.append, ComparingPublisher(), clock)
    presence.on_entered("71")
    presence.on_left(1_005_000, GapReason.DISCONNECTED)
    clock.ms = 1_009_000
    presence.on_entered("71")
    clock.ms += COMPARED_AFTER_MS - 1
    presence.on_received(clock.ms)
    assert gaps(outbox) == []
    clock.ms += 5_000
    presence.on_received(clock.ms)
    presence.on_received(clock.ms)
    assert gaps(outbox) == [
        ChatGap("71", "xqc", 1_005_000 - LATENCY_MS, 1_009_000, GapReason.DISCONNECTED)
    ]


@pytest.mark.parametrize(("passed_ms", "gap_records"), [(-1, 0), (0, 1)])
def test_the_delay_of_a_gap_record(outbox: Outbox, passed_ms: int, gap_records: int) -> None:
    """It ends COMPARED_AFTER_MS after the gap."""
    clock = Clock()
    presence = ChannelPresence("xqc", outbox, outbox.append, ComparingPublisher(), clock)
    presence.on_entered("71")
    presence.on_left(1_005_000, GapReason.DISCONNECTED)
    clock.ms = 1_009_000
    presence.on_entered("71")
    clock.ms += COMPARED_AFTER_MS + passed_ms
    presence.on_received(clock.ms)
    assert len(gaps(outbox)) == gap_records


def test_a_gap_record_is_appended_once(outbox: Outbox) -> None:
    """What is received later adds none."""
    clock = Clock()
    presence = presence_without_comparison(outbox, clock)
    presence.on_entered("71")
    presence.on_left(1_005_000, GapReason.DISCONNECTED)
    clock.ms = 1_009_000
    presence.on_entered("71")
    presence.on_received(1_020_000)
    presence.on_left(1_030_000, GapReason.DISCONNECTED)
    assert len(gaps(outbox)) == 1


@pytest.mark.parametrize("then", ["it is received from", "it is left"])
def test_the_absence_is_replaced_after_its_gap_record_was_appended(
    outbox: Outbox, then: str
) -> None:
    """Otherwise a kill between the two would lose the gap."""
    stored: list[Absence | None] = []
    clock, publisher = Clock(), ComparingPublisher()
    presence = ChannelPresence(
        "xqc", outbox, lambda _: stored.append(outbox.absence()), publisher, clock
    )
    presence.on_entered("71")
    presence.on_left(1_005_000, GapReason.DISCONNECTED)
    clock.ms = 1_009_000
    presence.on_entered("71")
    clock.ms += COMPARED_AFTER_MS
    if then == "it is left":
        presence.on_left(clock.ms, GapReason.DROPPED)
    else:
        presence.on_received(clock.ms)
    assert stored == [Absence(1_005_000, GapReason.DISCONNECTED)]


def test_what_is_received_outside_of_the_channel_does_not_end_an_absence(outbox: Outbox) -> None:
    """For example, a PONG after Twitch has removed the reader."""
    presence = presence_without_comparison(outbox, Clock())
    presence.on_entered("71")
    presence.on_left(1_005_000, GapReason.DROPPED)
    presence.on_received(1_020_000)
    assert outbox.absence() == Absence(1_005_000, GapReason.DROPPED)


def test_presence_is_stored_after_the_clock_was_set_back(outbox: Outbox) -> None:
    """Not only once the clock has reached the last time again."""
    presence = presence_without_comparison(outbox, Clock())
    presence.on_entered("71")
    presence.on_received(900_000)
    assert outbox.absence() == Absence(900_000, GapReason.RESTARTED)


def test_presence_has_the_id_that_the_channel_has_now(outbox: Outbox) -> None:
    """A name can pass to another channel."""
    publisher = ComparingPublisher()
    presence = ChannelPresence("xqc", outbox, outbox.append, publisher, Clock())
    presence.on_entered("70")
    presence.on_left(1_005_000, GapReason.DROPPED)
    presence.on_entered("71")
    assert [channel_id for channel_id, *_ in publisher.reports] == ["70", "71"]


def test_a_delayed_gap_record_is_appended_when_the_channel_is_left(outbox: Outbox) -> None:
    """The next gap begins after it."""
    clock = Clock()
    presence = ChannelPresence("xqc", outbox, outbox.append, ComparingPublisher(), clock)
    presence.on_entered("71")
    presence.on_left(1_005_000, GapReason.DISCONNECTED)
    clock.ms = 1_009_000
    presence.on_entered("71")
    presence.on_left(1_010_000, GapReason.DISCONNECTED)
    assert [gap.to_ms for gap in gaps(outbox)] == [1_009_000]


def test_a_delayed_gap_survives_a_kill(outbox: Outbox) -> None:
    """It then ends with the next time of joining."""
    clock = Clock()
    presence = ChannelPresence("xqc", outbox, outbox.append, ComparingPublisher(), clock)
    presence.on_entered("71")
    presence.on_left(1_005_000, GapReason.DISCONNECTED)
    clock.ms = 1_009_000
    presence.on_entered("71")
    clock.ms = 1_020_000
    presence_without_comparison(outbox, clock).on_entered("71")
    assert gaps(outbox) == [
        ChatGap("71", "xqc", 1_005_000 - LATENCY_MS, 1_020_000, GapReason.DISCONNECTED)
    ]


def test_in_a_busy_channel_presence_is_stored_every_few_seconds(outbox: Outbox) -> None:
    """Not with each message, because each time is a write to disk."""
    clock = Clock()
    presence = presence_without_comparison(outbox, clock)
    presence.on_entered("71")
    stored = set()
    for received_ms in range(1_000_000, 1_020_000, 10):
        presence.on_received(received_ms)
        absence = outbox.absence()
        assert absence
        stored.add(absence.since_ms)
    assert stored == {1_000_000, 1_005_000, 1_010_000, 1_015_000}


@pytest.mark.parametrize("before", ["a new outbox", "an absence"])
def test_a_kill_soon_after_joining_leaves_a_gap(outbox: Outbox, before: str) -> None:
    """Although something waits to be acknowledged, with which later times are stored."""
    presence = presence_without_comparison(outbox, Clock())
    if before == "an absence":
        presence.on_entered("71")
        presence.on_left(1_000_000, GapReason.DISCONNECTED)
    outbox.append(Batch(Kind.EVENT, [Record(b"71", 1, b"{}")]))
    presence.on_entered("71")
    assert outbox.absence() == Absence(1_000_000, GapReason.RESTARTED)
    presence.on_received(1_010_000)
    assert outbox.absence() == Absence(1_000_000, GapReason.RESTARTED)
    outbox.tidy()
    assert outbox.absence() == Absence(1_010_000, GapReason.RESTARTED)
