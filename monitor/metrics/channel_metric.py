"""Metrics with a value for each channel, and what remains of them without a label for each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from common.status.reader_status import ReaderStatus
from monitor.metrics.labels import label, labels
from monitor.metrics.metric import Kind, Metric, OverChannels, Sample
from monitor.metrics.scrape import Scrape

_Values = Sequence[int | float]


def _share(values: _Values) -> float:
    return sum(values) / len(values)


def _oldest(values: _Values) -> int | float:
    return min(filter(None, values), default=0)


_JOINED: Mapping[OverChannels, Callable[[_Values], int | float]] = {
    OverChannels.SUM: sum,
    OverChannels.LARGEST: max,
    OverChannels.NEWEST: max,
    OverChannels.OLDEST: _oldest,
    OverChannels.SHARE: _share,
}


def channel_metric(
    name: str,
    kind: Kind,
    text: str,
    value: Callable[[ReaderStatus], int | float],
    over_channels: OverChannels = OverChannels.SUM,
) -> Metric:
    """Return a metric with one *value* for each channel whose page can be read."""

    def samples(scrape: Scrape) -> Iterable[Sample]:
        if scrape.per_channel:
            return [(f"{{{channel}}}", value(status)) for channel, status in scrape.readers]
        return joined([value(status) for _, status in scrape.readers], over_channels)

    return Metric(name, kind, text, ("channel",), samples, over_channels)


def channel_counts(
    name: str, text: str, label_name: str, value: Callable[[ReaderStatus], Mapping[str, int]]
) -> Metric:
    """Return a counter with a *value* for each channel and each value of the label *label_name*."""

    def each(scrape: Scrape) -> Iterator[Sample]:
        for channel, status in scrape.readers:
            for key, count in value(status).items():
                yield f"{{{channel},{label(label_name, key)}}}", count

    def samples(scrape: Scrape) -> Iterable[Sample]:
        if scrape.per_channel:
            return each(scrape)
        return summed_counts(scrape, label_name, value)

    return Metric(
        name, Kind.COUNTER, text, ("channel", label_name), samples, over_channels=OverChannels.SUM
    )


def summed_counts(
    scrape: Scrape, label_name: str, value: Callable[[ReaderStatus], Mapping[str, int]]
) -> Iterator[Sample]:
    """Yield the sums over all channels, for each value of the label *label_name*."""
    total: Counter[str] = Counter()
    for _, status in scrape.readers:
        total.update(value(status))
    for key, count in total.items():
        yield labels(**{label_name: key}), count


def joined(values: _Values, over_channels: OverChannels) -> Iterable[Sample]:
    """Return the one sample that remains of *values*, one for each channel; none without any."""
    return [("", _JOINED[over_channels](values))] if values else ()
