"""The benchmark of latency."""

from __future__ import annotations

import pytest

from benchmarks import latency
from benchmarks.percentiles import percentiles_ms


@pytest.mark.parametrize("rate", [5, 2000])
def test_every_sent_message_is_measured(rate: int) -> None:
    """At a rate with one message at a time, and at a rate with several at once."""
    figures = latency.measure("embedded", rate, seconds=1)
    assert list(figures) == [
        "kafka",
        "messages/s",
        "messages",
        "p50 ms",
        "p99 ms",
        "p99.9 ms",
        "max ms",
    ]
    assert figures["messages"] == rate
    assert float(str(figures["p50 ms"])) > 0, "each confirmation is that of its own message"


def test_percentiles_are_taken_from_the_sorted_waits() -> None:
    """Of a thousand waits of 1 to 1000 ms, 10 are longer than 990 ms; the order does not matter."""
    waits_s = [number / 1000 for number in range(1000, 0, -1)]
    assert percentiles_ms(waits_s) == {
        "p50 ms": 501,
        "p99 ms": 991,
        "p99.9 ms": 1000,
        "max ms": 1000,
    }


def test_one_wait_is_every_percentile() -> None:
    """A single value is enough."""
    assert set(percentiles_ms([0.002]).values()) == {2}
