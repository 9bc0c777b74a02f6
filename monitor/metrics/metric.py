"""What a metric is: its name, type and labels, and how it is read from what is known of a host."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from monitor.metrics.scrape import Scrape

#: What the names of all metrics begin with.
PREFIX = "twitch_ingestion_"

#: The labels as they stand in the text, and the value. A histogram's begin with the end of its
#: name, such as `_sum`.
Sample = tuple[str, int | float]


class Kind(enum.StrEnum):
    """Prometheus's type of a metric."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"
    #: Quantiles that another program computed.
    SUMMARY = "summary"


class OverChannels(enum.StrEnum):
    """What a metric tells of all channels together, where it has no label for each."""

    SUM = "the sum"
    LARGEST = "the largest"
    OLDEST = "the oldest, 0 for none"
    NEWEST = "the newest"
    SHARE = "the share of channels"


@dataclass(frozen=True)
class Metric:
    """A row of the table of metrics."""

    #: Without PREFIX.
    short_name: str
    kind: Kind
    #: What it means, for its HELP line and the documentation.
    help: str
    labels: tuple[str, ...]
    #: Returns its samples; none if the host has nothing of that kind.
    samples: Callable[[Scrape], Iterable[Sample]]
    #: What remains without a label `channel`; None if it never has that label.
    over_channels: OverChannels | None = None

    @property
    def name(self) -> str:
        """The whole name."""
        return PREFIX + self.short_name

    @property
    def series_names(self) -> tuple[str, ...]:
        """The names that a query can ask for."""
        if self.kind is Kind.HISTOGRAM:
            return tuple(self.name + end for end in ("_bucket", "_sum", "_count"))
        return (self.name,)
