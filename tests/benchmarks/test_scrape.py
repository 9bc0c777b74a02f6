"""The benchmark of a scrape compares two ways to write the same metrics."""

from __future__ import annotations

from benchmarks.client_collector import channels_text
from benchmarks.one_scrape import WAYS
from benchmarks.scrape import compare
from common.status.reader_status import ReaderState, ReaderStatus
from monitor.metrics.text import metrics_text
from tests.monitor.metrics.hosts import host, parsed


def test_prometheus_client_writes_the_same_samples_of_channels() -> None:
    """Else its time would be that of other work."""
    status = ReaderStatus(
        state=ReaderState.IN_CHANNEL,
        received=5,
        events=6,
        opted_out=7,
        acknowledged=3,
        connects=2,
        waiting=2,
        outbox_bytes=4096,
        oldest_waiting_ms=1500,
        last_message_ms=2500,
        malformed_lines=1,
        gaps=1,
        gaps_by_reason={"disconnected": (1, 1250)},
    )
    readers = host({"xqc": status, "forsen": ReaderStatus()})
    ours = parsed(metrics_text(readers, per_channel=True))
    by_channel = {
        name: values
        for name, values in ours.items()
        if all("channel" in dict(labels) for labels in values)
    }
    assert parsed(channels_text(readers)) == by_channel


def test_each_way_has_its_figures() -> None:
    """Of a few channels, in a process of its own."""
    rows = compare(channels=3, rounds=1)
    assert [row["way"] for row in rows] == list(WAYS)
    series = [int(str(row["series"])) for row in rows]
    assert series[0] == 0
    assert series[1] > series[3] == 3 * 18
    assert all(float(str(row["private MiB"])) > 0 for row in rows)
