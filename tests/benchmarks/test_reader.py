"""The benchmark of a reader alone."""

from __future__ import annotations

from benchmarks import reader


def test_a_reader_is_measured_without_a_publisher() -> None:
    """A few messages reach the link, and every figure is there."""
    figures = reader.measure(1000)
    assert figures.keys() == {
        "messages",
        "messages/s",
        "CPU s per million",
        "busy",
        "load busy",
        "private MiB",
    }
    assert figures["messages"] == 1000
