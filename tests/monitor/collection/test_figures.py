"""How counters grow: rates, delays, and an hour of history."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from common.status.histogram import DELIVERY_S, Histogram
from monitor.collection.books import unaccounted
from monitor.collection.collector import Collector
from monitor.collection.history import STEPS
from monitor.collection.host import Host
from monitor.collection.observer import Observer
from monitor.collection.snapshot import Channel, Level, Snapshot
from tests.monitor.collection.hosts import GIB, NOON_MS, host, publisher, reader


@pytest.fixture
def observer(tmp_path: Path) -> Observer:
    """Return an observer that has seen nothing yet."""
    return Observer(Collector(tmp_path, tmp_path))


def delays(*counts: int) -> Histogram:
    """Return a histogram with these counts of its first bounds."""
    return Histogram([*counts, *[0] * (len(DELIVERY_S) + 1 - len(counts))])


def counting(after_s: float, received: int, **fields: Any) -> Host:
    """Return a host whose only reader has received so many messages."""
    return host(after_s, readers={"xqc": reader(received=received, waiting=received, **fields)})


def row(seen: Snapshot) -> Channel:
    """Return the only row."""
    (only,) = seen.channels
    return only


def test_a_rate_is_the_mean_of_the_last_ten_seconds(observer: Observer) -> None:
    """However often somebody looks. In the first moment it is not known."""
    assert row(observer.see(counting(0, 1000))).messages_per_s == 0
    assert row(observer.see(counting(1, 1010))).messages_per_s == 10
    for second in range(2, 12):
        seen = observer.see(counting(second, 1010 + 20 * (second - 1)))
    assert row(seen).messages_per_s == 20
    assert seen.totals.messages_per_s == 20
    for second in (21, 31):
        seen = observer.see(counting(second, 1210))
    assert row(seen).messages_per_s == 0


def test_a_counter_that_begins_again_is_no_negative_rate(observer: Observer) -> None:
    """A page that was removed begins from zero."""
    observer.see(counting(0, 1000))
    assert row(observer.see(counting(10, 50))).messages_per_s == 5


def test_a_channel_that_is_new_has_no_rate_yet(observer: Observer) -> None:
    """What it has received before may have taken days."""
    observer.see(host(0))
    assert observer.see(counting(10, 5_000_000)).totals.messages_per_s == 0


def test_a_clock_that_is_set_back_costs_a_moment_only(observer: Observer) -> None:
    """No figure is negative, and what comes next is right."""
    observer.see(counting(100, 0))
    observer.see(counting(110, 100))
    seen = observer.see(counting(-3600, 110))
    assert row(seen).messages_per_s == 0
    assert all(number is None for number in seen.history.messages_per_s)
    assert row(observer.see(counting(-3590, 210))).messages_per_s == 10


def test_rows_are_sorted_by_urgency_then_rate_then_name(observer: Observer) -> None:
    """Problems first, then warnings."""
    observer.see(host(0, readers={channel: reader() for channel in "abcdef"}))
    readers = {channel: reader() for channel in "abc"} | {
        "d": reader(received=9, waiting=9),
        "e": reader(received=1, waiting=1, outbox_bytes=GIB // 2),
        "f": reader(runs=False),
    }
    rows = observer.see(host(1, readers=readers)).channels
    assert "".join(row.channel for row in rows) == "fedabc"
    assert [row.level for row in rows[:3]] == [Level.PROBLEM, Level.WARNING, Level.OK]


def test_delays_are_those_of_the_last_minutes(observer: Observer) -> None:
    """Older ones do not hide that it has become slow."""
    seen = observer.see(counting(0, 9000, delay=delays(9000)))
    assert (row(seen).delay_p50_s, row(seen).delay_p99_s) == (None, None)
    seen = observer.see(counting(30, 9100, delay=delays(9000, 0, 0, 100)))
    assert row(seen).delay_p50_s == pytest.approx(0.375)
    assert row(seen).delay_p99_s == pytest.approx(0.4975)
    for after_s in range(60, 360, 30):
        seen = observer.see(counting(after_s, 9100, delay=delays(9000, 0, 0, 100)))
    assert row(seen).delay_p50_s is None


def test_the_publishers_delays_are_its_own(observer: Observer) -> None:
    """They are those of all channels of all hosts."""
    observer.see(host(0, publisher=publisher(delivery=delays())))
    seen = observer.see(host(10, publisher=publisher(delivery=delays(100))))
    assert seen.publisher is not None
    assert seen.publisher.delay_p50_s == pytest.approx(0.025)
    assert seen.history.delay_p99_s[-1] == pytest.approx(0.0495)


def test_an_hour_is_kept_in_steps(observer: Observer) -> None:
    """Each with the mean of its ten seconds, whether somebody looks each second or not."""
    received = 0
    for second in range(30):
        received += 7
        seen = observer.see(counting(second, received, delay=delays(received)))
    assert seen.history.step_s == 10
    assert seen.history.until_ms == NOON_MS + 20_000
    assert seen.history.messages_per_s[-2:] == [7, 7]
    assert seen.history.messages_per_s[:-2] == [None] * (STEPS - 2)
    assert seen.history.waiting[-1] == 7 * 21
    assert seen.history.published_per_s[-1] is None
    assert seen.history.delay_p99_s[-1] == pytest.approx(0.0495)


def test_steps_in_which_nobody_looked_are_not_known(observer: Observer) -> None:
    """The next one has the mean since then."""
    observer.see(counting(0, 0))
    seen = observer.see(counting(40, 400))
    assert seen.history.messages_per_s[-5:] == [None, None, None, None, 10]
    assert len(seen.history.messages_per_s) == STEPS


def test_the_rate_of_a_step_is_of_the_time_that_was_seen(observer: Observer) -> None:
    """Its end is noticed late while nobody looks, and at once when somebody begins to."""
    for after_s in (9, 19, 20, 30):
        readers = {"xqc": reader(received=7 * after_s, waiting=7 * after_s)}
        published = publisher(published={"chat": 5 * after_s})
        seen = observer.see(host(after_s, readers=readers, publisher=published))
    assert seen.history.messages_per_s[-2:] == [7, 7]
    assert seen.history.published_per_s[-2:] == [5, 5]


@pytest.mark.parametrize(
    ("seen", "records"),
    [
        (host(), 0),
        (
            host(
                readers={
                    "xqc": reader(
                        received=10,
                        events=2,
                        gaps=3,
                        acknowledged=8,
                        dropped={"overflowed": 2, "damaged": 1},
                        replaced_gaps=1,
                        waiting=3,
                    )
                }
            ),
            0,
        ),
        (
            host(
                publisher=publisher(
                    taken=28,
                    published={"messages": 7, "events": 2, "gaps": 1},
                    duplicates=2,
                    left_out_gaps=3,
                    left_out_events=5,
                    dead_letters={"MSG_SIZE_TOO_LARGE": 1},
                    unconfirmed=3,
                    abandoned=4,
                )
            ),
            0,
        ),
        # Too many here do not make up for too few there.
        (
            host(
                readers={"xqc": reader(received=5), "forsen": reader(acknowledged=2)},
                publisher=publisher(taken=1),
            ),
            8,
        ),
    ],
)
def test_the_books_tell_what_they_cannot_account_for(seen: Host, records: int) -> None:
    """Of each reader, and of the publisher."""
    assert unaccounted(seen) == records
