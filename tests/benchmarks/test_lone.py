"""The benchmark of a message that comes alone."""

from __future__ import annotations

import pytest

from benchmarks import lone


def test_the_processor_time_of_reader_and_publisher_is_divided_among_the_messages() -> None:
    """In short windows here."""
    figures = lone.measure("embedded", 50, warm_up_s=0, window_s=0.1)
    assert list(figures) == [
        "messages/s",
        "Python",
        "messages",
        "reader CPU µs a message",
        "± %",
        "publisher CPU µs a message",
        "reader's wake-ups a message",
    ]
    assert figures["messages"] == 5 * lone.WINDOWS
    for who in ("reader", "publisher"):
        assert 0 < float(str(figures[f"{who} CPU µs a message"])) < 1e6


def test_the_median_window_counts_and_the_others_say_how_sure_it_is() -> None:
    """A window in which something else disturbed the machine does not change the figure."""
    assert lone.figures([100e-6, 101e-6, 120e-6], [50e-6, 52e-6, 90e-6]) == {
        "reader CPU µs a message": pytest.approx(101),
        "± %": pytest.approx(9.9),
        "publisher CPU µs a message": pytest.approx(52),
    }
