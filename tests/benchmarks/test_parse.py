"""The parsers side by side, over a handful of lines."""

from __future__ import annotations

import pytest

from benchmarks.installation import CHANNEL
from benchmarks.load import numbered
from benchmarks.parse import CONTESTANTS, measure, recorded_chat


@pytest.mark.usefixtures("node")
def test_every_parser_gets_a_row_and_pydle_is_what_they_are_compared_with() -> None:
    """All columns are there, and JavaScript's parsers stand beside Python's."""
    # Building those in Rust takes longer than a test should.
    contestants = [contestant for contestant in CONTESTANTS if contestant.language != "Rust"]
    recorded, _ = recorded_chat()
    lines = numbered(recorded, CHANNEL, count=50)
    rows = measure(lines, rounds=1, contestants=contestants)
    for row in rows:
        assert list(row) == ["parser", "language", "to", "messages/s", "ns/message", "times pydle"]
    pydle = [row["times pydle"] for row in rows if row["parser"] == "pydle"]
    assert pydle == [1.0]
    # A desk that has run no benchmark may lack those of Python.
    assert [row["parser"] for row in rows if row["language"] == "Node"] == [
        contestant.name for contestant in CONTESTANTS if contestant.language == "Node"
    ]
