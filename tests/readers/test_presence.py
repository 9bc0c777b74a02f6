"""Presence in the channel, and the gaps that absences leave."""

from __future__ import annotations

from common.chat_gap import ChatGap, GapReason, decode_chat_gap
from common.frames import Batch, Kind
from readers.outbox.outbox import Outbox
from readers.presence import COMPARED_AFTER_MS, LATENCY_MS, ChannelPresence
from tests.readers.outboxes import batches_after


class Clock:
    """A wall clock that is moved by hand."""

    ms = 1_000_000

    def __call__(self) -> int:
        """Return the time in Unix milliseconds."""
        return self.ms


class ComparingPublisher:
    """A publisher that wants to know when we were in the channel, and what it was told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, int, int]] = []

    def __call__(self, channel_id: str, since_ms: int, until_ms: int) -> bool:
        """Take note of a presence."""
        self.told.append((channel_id, since_ms, until_ms))
        return True


def alone(outbox: Outbox, clock: Clock) -> ChannelPresence:
    """Return the presence of a reader whose publisher compares it with nobody."""
    return ChannelPresence("xqc", outbox, outbox.append, lambda *_: False, clock)


def gaps(outbox: Outbox) -> list[ChatGap]:
    """Return the gaps in *outbox*."""
    found = []
    for batch in batches_after(outbox, 0):
        assert batch.kind == Kind.GAP
        assert batch.records[0].key == b"71"
        found += [decode_chat_gap(record.value) for record in batch.records]
    return found


def test_the_first_time_in_a_channel_leaves_no_gap(outbox: Outbox) -> None:
    """There is nothing before it that could be missing."""
    alone(outbox, Clock()).on_entered("71")
    assert gaps(outbox) == []


def test_a_loss_and_a_return_are_one_gap(outbox: Outbox) -> None:
    """From before the last thing heard to the return."""
    clock = Clock()
    presence = alone(outbox, clock)
    presence.on_entered("71")
    presence.on_left(1_005_000, GapReason.DISCONNECTED)
    clock.ms = 1_009_000
    presence.on_entered("71")
    assert gaps(outbox) == [
        ChatGap("71", "xqc", 1_005_000 - LATENCY_MS, 1_009_000, GapReason.DISCONNECTED)
    ]


def test_a_gap_is_handed_over_at_once(outbox: Outbox) -> None:
    """A quiet channel brings nothing else that would take it along."""
    appended: list[Batch] = []
    presence = ChannelPresence("xqc", outbox, appended.append, lambda *_: False, Clock())
    presence.on_entered("71")
    presence.on_left(1_005_000, GapReason.DISCONNECTED)
    assert appended == []
    presence.on_entered("71")
    assert [batch.kind for batch in appended] == [Kind.GAP]


def test_after_a_kill_the_gap_begins_where_we_were_heard_last(outbox: Outbox) -> None:
    """The outbox knows; a new process reads it there."""
    clock = Clock()
    presence = alone(outbox, clock)
    presence.on_entered("71")
    presence.on_received(1_005_000)
    clock.ms = 1_020_000
    alone(outbox, clock).on_entered("71")
    assert gaps(outbox) == [
        ChatGap("71", "xqc", 1_005_000 - LATENCY_MS, 1_020_000, GapReason.RESTARTED)
    ]


def test_a_loss_is_remembered_over_a_restart(outbox: Outbox) -> None:
    """With its reason: a reader that was banned is restarted while it is away."""
    clock = Clock()
    presence = alone(outbox, clock)
    presence.on_entered("71")
    presence.on_left(1_004_000, GapReason.DROPPED)
    presence.on_stopped()
    clock.ms = 1_020_000
    alone(outbox, clock).on_entered("71")
    assert gaps(outbox) == [
        ChatGap("71", "xqc", 1_004_000 - LATENCY_MS, 1_020_000, GapReason.DROPPED)
    ]


def test_an_orderly_stop_is_the_beginning_of_a_gap(outbox: Outbox) -> None:
    """And the next start is its end."""
    clock = Clock()
    presence = alone(outbox, clock)
    presence.on_entered("71")
    clock.ms = 1_010_000
    presence.on_stopped()
    clock.ms = 1_020_000
    alone(outbox, clock).on_entered("71")
    assert gaps(outbox) == [
        ChatGap("71", "xqc", 1_010_000 - LATENCY_MS, 1_020_000, GapReason.RESTARTED)
    ]


def test_a_second_connection_that_enters_is_no_return(outbox: Outbox) -> None:
    """As when Twitch asks for a new connection."""
    presence = alone(outbox, Clock())
    presence.on_entered("71")
    presence.on_entered("71")
    assert gaps(outbox) == []


def test_a_clock_that_was_set_back_makes_no_gap_that_ends_before_it_begins(outbox: Outbox) -> None:
    """It is then as short as a gap can be."""
    clock = Clock()
    presence = alone(outbox, clock)
    presence.on_entered("71")
    presence.on_left(1_005_000, GapReason.DISCONNECTED)
    clock.ms = 900_000
    presence.on_entered("71")
    (gap,) = gaps(outbox)
    assert (gap.from_ms, gap.to_ms) == (900_000 - LATENCY_MS, 900_000)


def test_where_readers_are_compared_it_is_told_when_we_were_there(outbox: Outbox) -> None:
    """From the moment we entered, each time anew, until what is sure to have come."""
    clock, publisher = Clock(), ComparingPublisher()
    presence = ChannelPresence("xqc", outbox, outbox.append, publisher, clock)
    presence.on_entered("71")
    presence.on_received(1_005_000)
    presence.on_left(1_006_000, GapReason.DISCONNECTED)
    presence.on_received(1_007_000)
    clock.ms = 1_009_000
    presence.on_entered("71")
    assert publisher.told == [
        ("71", 1_000_000, 1_000_000 - LATENCY_MS),
        ("71", 1_000_000, 1_005_000 - LATENCY_MS),
        ("71", 1_009_000, 1_009_000 - LATENCY_MS),
    ]


def test_where_readers_are_compared_a_gap_waits_for_what_others_tell(outbox: Outbox) -> None:
    """Then it is told as it would have been."""
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


def test_a_gap_that_waits_is_told_when_we_leave(outbox: Outbox) -> None:
    """And the next one begins after it."""
    clock = Clock()
    presence = ChannelPresence("xqc", outbox, outbox.append, ComparingPublisher(), clock)
    presence.on_entered("71")
    presence.on_left(1_005_000, GapReason.DISCONNECTED)
    clock.ms = 1_009_000
    presence.on_entered("71")
    presence.on_left(1_010_000, GapReason.DISCONNECTED)
    assert [gap.to_ms for gap in gaps(outbox)] == [1_009_000]


def test_a_gap_that_waits_survives_a_kill(outbox: Outbox) -> None:
    """It then reaches to the next time in the channel."""
    clock = Clock()
    presence = ChannelPresence("xqc", outbox, outbox.append, ComparingPublisher(), clock)
    presence.on_entered("71")
    presence.on_left(1_005_000, GapReason.DISCONNECTED)
    clock.ms = 1_009_000
    presence.on_entered("71")
    clock.ms = 1_020_000
    alone(outbox, clock).on_entered("71")
    assert gaps(outbox) == [
        ChatGap("71", "xqc", 1_005_000 - LATENCY_MS, 1_020_000, GapReason.DISCONNECTED)
    ]


def test_a_lively_channel_is_noted_every_few_seconds(outbox: Outbox) -> None:
    """Not with each message: what is noted is written to disk."""
    clock = Clock()
    presence = alone(outbox, clock)
    presence.on_entered("71")
    noted = set()
    for received_ms in range(1_000_000, 1_020_000, 10):
        presence.on_received(received_ms)
        absence = outbox.absence()
        assert absence
        noted.add(absence.since_ms)
    assert noted == {1_000_000, 1_005_000, 1_010_000, 1_015_000}
