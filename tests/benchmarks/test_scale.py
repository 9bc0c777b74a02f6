"""The benchmark of the cost of readers, by their number."""

from __future__ import annotations

import pytest

from benchmarks import scale
from benchmarks.traffic import zipf

COLUMNS = {
    "readers",
    "PSS MiB",
    "PSS MiB a reader",
    "private MiB a reader",
    "readers CPU %",
    "publisher CPU %",
    "monitor CPU %",
    "supervisord CPU %",
    "readers descriptors",
    "publisher descriptors",
    "monitor descriptors",
    "supervisord descriptors",
    "wake-ups/s a reader",
    "publisher MiB",
    "monitor MiB",
    "supervisord MiB",
}


def test_two_readers_are_measured_idle_and_with_traffic() -> None:
    """No message is lost, and an added channel is read."""
    idle, traffic = scale.measure(2, settle_s=0, window_s=1)
    assert idle.keys() == {*COLUMNS, "start s", "new channel s"}
    assert traffic.keys() == {
        *COLUMNS,
        "messages",
        "lost",
        "p50 ms",
        "p99 ms",
        "p99.9 ms",
        "max ms",
    }
    assert idle["readers"] == 2
    assert traffic["lost"] == 0
    assert traffic["messages"] != 0


def test_zipf_shares_the_whole_rate_by_rank() -> None:
    """The second channel has half the rate of the first, the third has a third of it."""
    assert zipf(["a", "b", "c"], 11) == pytest.approx({"a": 6, "b": 3, "c": 2})
