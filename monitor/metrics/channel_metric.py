"""Metrics with a value for each channel, and what remains of them without a label for each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

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
        if kind is Kind.COUNTER and scrape.readers:
            return joined([value(status) for status in scrape.counts], over_channels)
        return joined([value(status) for _, status in scrape.readers], over_channels)

    return Metric(name, kind, text, ("channel",), samples, over_channels)


def channel_seconds(
    name: str,
    kind: Kind,
    text: str,
    milliseconds: Callable[[ReaderStatus], int],
    over_channels: OverChannels = OverChannels.SUM,
) -> Metric:
    """Return a metric in seconds of what the pages hold in *milliseconds*."""
    metric = channel_metric(name, kind, text, milliseconds, over_channels)

    def samples(scrape: Scrape) -> Iterable[Sample]:
        # Divided last: a sum of fractions depends on their order, and a counter must not fall.
        return [(channel, value / 1000) for channel, value in metric.samples(scrape)]

    return replace(metric, samples=samples)


def channel_counts(
    name: str,
    text: str,
    label_name: str,
    known: Iterable[str],
    value: Callable[[ReaderStatus], Mapping[str, int]],
) -> Metric:
    """
    Return a counter with a *value* for each channel and each value of the label *label_name*.

    Those *known* are there from the start, with 0.
    """
    zeros = dict.fromkeys(known, 0)

    def each(scrape: Scrape) -> Iterator[Sample]:
        for channel, status in scrape.readers:
            for key, count in {**zeros, **value(status)}.items():
                yield f"{{{channel},{label(label_name, key)}}}", count

    def samples(scrape: Scrape) -> Iterable[Sample]:
        if scrape.per_channel:
            return each(scrape)
        totals = summed(zeros, map(value, scrape.counts))
        return labelled(label_name, totals) if scrape.readers else ()

    return Metric(
        name, Kind.COUNTER, text, ("channel", label_name), samples, over_channels=OverChannels.SUM
    )


def summed(zeros: Mapping[str, int], all_counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """Return the sums of *all_counts* by their keys, and of those in *zeros*."""
    totals = dict(zeros)
    for counts in all_counts:
        for key, count in counts.items():
            totals[key] = totals.get(key, 0) + count
    return totals


def labelled(label_name: str, values: Mapping[str, int | float]) -> Iterator[Sample]:
    """Yield the *values* by the label *label_name*."""
    for key, value in values.items():
        yield labels(**{label_name: key}), value


def joined(values: _Values, over_channels: OverChannels) -> Iterable[Sample]:
    """Return the one sample that remains of *values*, one for each channel; none without any."""
    return [("", _JOINED[over_channels](values))] if values else ()
