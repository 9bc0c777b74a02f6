"""The benchmark of the cost of readers, by their number, beside a Node script."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial
from itertools import takewhile

import pytest

from benchmarks import killed, scale
from benchmarks.contestants import SERVICE, script, service
from benchmarks.killed import within_gaps
from benchmarks.supervised import PROGRAMS
from benchmarks.traffic import BURST_EVERY_S, due_messages, zipf
from common.chat_gap import ChatGap, GapReason
from common.unix_time import unix_ms

DURATIONS = scale.Durations(
    settle_s=0, window_s=1, killed=killed.Durations(traffic_s=1, last_s=0.2)
)

NAMES = {"what", "on", "channels"}
RESOURCES = {
    "all PSS MiB",
    "PSS MiB",
    "PSS MiB a channel",
    "private MiB a channel",
    *(f"{name} MiB" for name in PROGRAMS if name != "readers"),
    "all CPU %",
    *(f"{name} CPU %" for name in (*PROGRAMS, "Kafka", "consumer", "load")),
    "wake-ups/s a channel",
    *(f"{name} descriptors" for name in PROGRAMS),
}
LATENCIES = {"p50 ms", "p99 ms", "p99.9 ms", "max ms"}


def check(tables: scale.Tables, what: str) -> None:
    """Check that *tables* have the figures of *what*, and that all its messages arrived."""
    (idle,), (traffic,) = tables.idle, tables.traffic
    assert idle.keys() == NAMES | RESOURCES | {"start s", "new channel s"}
    assert traffic.keys() == NAMES | RESOURCES | LATENCIES | {
        *("said", "lost", "twice", "CPU µs a message")
    }
    assert {row["what"] for row in (idle, traffic, *tables.killed)} == {what}
    assert traffic["said"]
    assert (traffic["lost"], traffic["twice"]) == (0, 0)


def test_two_channels_are_measured_with_and_without_a_killed_process() -> None:
    """No message is lost that is not in a gap record, and an added channel is read."""
    tables = scale.Tables()
    scale.measure(tables, service, 2, "embedded", DURATIONS)
    check(tables, SERVICE)
    assert isinstance(tables.idle[0]["new channel s"], float)
    reader, publisher = tables.killed
    assert reader["lost"] == reader["lost in a gap record"]
    assert publisher["lost"] == 0


@pytest.mark.usefixtures("node")
def test_the_script_is_measured_in_the_same_columns() -> None:
    """One process reads both channels; what is said until it has joined them again is lost."""
    tables = scale.Tables()
    # All that is lost is lost when the process is killed: nothing is to be waited for.
    durations = replace(DURATIONS, killed=replace(DURATIONS.killed, quiet_s=0))
    enter = partial(script, mode="each")
    scale.measure(tables, enter, 2, "embedded", durations)
    check(tables, "Node, each")
    (row,) = tables.killed
    assert row["lost"]
    assert row["lost in a gap record"] == 0


def test_zipf_shares_the_whole_rate_by_rank() -> None:
    """The second channel has half the rate of the first, the third has a third of it."""
    assert zipf(["a", "b", "c"], 11) == pytest.approx({"a": 6, "b": 3, "c": 2})


def test_messages_are_due_at_their_rates() -> None:
    """In order, about as many as the rates say, and at the same times when asked again."""
    due, again = (
        list(takewhile(lambda message: message[0] < 100, due_messages(rates, bursts=False)))
        for rates in ({"a": 60.0, "b": 20.0},) * 2
    )
    assert due == sorted(due)
    assert due == again
    assert sum(channel == "a" for _, channel in due) == pytest.approx(6000, rel=0.1)
    assert sum(channel == "b" for _, channel in due) == pytest.approx(2000, rel=0.1)


def test_the_busiest_channel_has_bursts() -> None:
    """In the last of each ten seconds, and 20 times its rate; the others have none."""
    due = list(
        takewhile(
            lambda message: message[0] < BURST_EVERY_S,
            due_messages({"a": 100.0, "b": 90.0}, bursts=True),
        )
    )
    last = [channel for at, channel in due if at > BURST_EVERY_S - 1]
    assert last.count("a") == pytest.approx(2000, rel=0.2)
    assert last.count("b") == pytest.approx(90, rel=0.4)


def test_a_lost_message_is_known_if_a_gap_of_its_channel_spans_it() -> None:
    """Not one of another channel, nor one of another time."""
    now_s, now_ms = time.monotonic(), unix_ms()
    gap = ChatGap("1", "a", now_ms - 1000, now_ms + 1000, GapReason.RESTARTED)
    said = {("a", 1): now_s - 5, ("a", 2): now_s, ("b", 1): now_s}
    assert within_gaps(said.keys(), said, [gap]) == {("a", 2)}
