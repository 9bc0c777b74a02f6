"""What a snapshot says of a host, from real pages."""

from __future__ import annotations

from pathlib import Path

import pytest

from common.status.reader_status import ShownGap
from monitor.collection.collector import Collector
from monitor.collection.observer import Observer
from monitor.collection.snapshot import Level
from tests.monitor.status_pages import StatusPages


@pytest.fixture
def observer(short_folder: Path) -> Observer:
    """Return an observer of the pages in `short_folder`, where no supervisord is."""
    return Observer(Collector(short_folder / "var", short_folder))


def test_a_host_in_which_all_is_well(observer: Observer, pages: StatusPages) -> None:
    """It is said in one sentence."""
    for channel in ("xqc", "forsen", "shroud"):
        pages.reader(channel)
    pages.publisher()
    pages.auth()
    snapshot = observer.observe()
    assert snapshot.findings == []
    assert snapshot.level is Level.OK
    assert snapshot.sentence == "3 of 3 channels, 0 messages/s, all in Kafka, nothing lost"


def test_a_reader_that_ends_is_a_problem_until_it_is_back(
    observer: Observer, pages: StatusPages
) -> None:
    """It moves to the top of the table."""
    pages.reader("forsen")
    pages.reader("xqc")
    assert [row.level for row in observer.observe().channels] == [Level.OK, Level.OK]
    pages.end_reader("xqc")
    snapshot = observer.observe()
    assert [(row.channel, row.state) for row in snapshot.channels] == [
        ("xqc", "not running"),
        ("forsen", "in the channel"),
    ]
    assert snapshot.level is Level.PROBLEM
    assert snapshot.sentence == "the reader of xqc does not run"
    assert snapshot.at_ms - 5_000 < snapshot.since_ms <= snapshot.at_ms
    assert observer.observe().since_ms == snapshot.since_ms
    pages.reader("xqc")
    assert observer.observe().level is Level.OK


def test_the_newest_gap_records_of_all_channels_are_shown(
    observer: Observer, pages: StatusPages
) -> None:
    """The newest first, and not more than one wants to read."""
    for number in range(12):
        gaps = [ShownGap(at_ms, at_ms + 1, "disconnected") for at_ms in (number, 100 + number)]
        pages.reader(f"channel{number:02}", last_gaps=gaps)
    shown = observer.observe().last_gaps
    assert [(gap.channel, gap.from_ms) for gap in shown] == [
        *((f"channel{number:02}", 100 + number) for number in reversed(range(12))),
        *((f"channel{number:02}", number) for number in reversed(range(4, 12))),
    ]
