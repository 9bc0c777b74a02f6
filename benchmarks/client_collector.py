"""The metrics of channels as prometheus_client writes them, for benchmarks.scrape."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from common.status.reader_status import ReaderState, ReaderStatus
from monitor.collection.host import Host
from monitor.metrics.metric import PREFIX
from monitor.metrics.reader_metrics import OPT_OUT

_Values = Mapping[str, Callable[[ReaderStatus], float]]

_COUNTERS: _Values = {
    "received_messages": lambda status: status.received,
    "received_events": lambda status: status.events,
    "acknowledged_messages": lambda status: status.acknowledged,
    "replaced_gap_records": lambda status: status.replaced_gaps,
    "gap_seconds": lambda status: sum(time for _, time in status.gaps_by_reason.values()) / 1000,
    "gaps": lambda status: status.gaps,
    "reader_connects": lambda status: status.connects,
    "malformed_lines": lambda status: status.malformed_lines,
}

_GAUGES: _Values = {
    "outbox_messages": lambda status: status.waiting,
    "outbox_bytes": lambda status: status.outbox_bytes,
    "outbox_oldest_timestamp_seconds": lambda status: status.oldest_waiting_ms / 1000,
    "reader_in_channel": lambda status: status.state == ReaderState.IN_CHANNEL,
    "reader_last_message_timestamp_seconds": lambda status: status.last_message_ms / 1000,
}


class _Channels(Collector):
    def __init__(self, host: Host) -> None:
        self._readers = host.readers

    def collect(self) -> Iterator[Metric]:
        for kind, values in ((CounterMetricFamily, _COUNTERS), (GaugeMetricFamily, _GAUGES)):
            for name, value in values.items():
                family = kind(PREFIX + name, "Help.", labels=["channel"])
                for channel, page in self._readers.items():
                    family.add_metric([channel], value(page.status))
                yield family
        dropped = CounterMetricFamily(
            PREFIX + "dropped_messages", "Help.", labels=["channel", "reason"]
        )
        for channel, page in self._readers.items():
            for reason, count in {**page.status.dropped, OPT_OUT: page.status.opted_out}.items():
                dropped.add_metric([channel, reason], count)
        yield dropped


def channels_text(host: Host) -> str:
    """Return the metrics of the channels of *host*, one custom collector's."""
    registry = CollectorRegistry()
    registry.register(_Channels(host))
    return generate_latest(registry).decode()
