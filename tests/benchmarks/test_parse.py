"""The benchmark of the parsers, with a few lines."""

from __future__ import annotations

import pytest

from benchmarks.installation import CHANNEL
from benchmarks.load import numbered
from benchmarks.parse import CONTESTANTS, measure, recorded_chat


@pytest.mark.usefixtures("node")
def test_every_parser_gets_a_row_and_pydle_is_the_baseline() -> None:
    """Every row has all columns, and there are rows for JavaScript's parsers."""
    # A build of the parsers in Rust takes too long for a test.
    contestants = [contestant for contestant in CONTESTANTS if contestant.language != "Rust"]
    recorded, _ = recorded_chat()
    lines = numbered(recorded, CHANNEL, count=50)
    rows = measure(lines, rounds=1, contestants=contestants)
    for row in rows:
        assert list(row) == ["parser", "language", "to", "messages/s", "ns/message", "times pydle"]
    pydle = [row["times pydle"] for row in rows if row["parser"] == "pydle"]
    assert pydle == [1.0]
    # Python's parsers may be missing where no benchmark has run.
    assert [row["parser"] for row in rows if row["language"] == "Node"] == [
        contestant.name for contestant in CONTESTANTS if contestant.language == "Node"
    ]
