"""The metrics of the publisher, without those of Kafka's client."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import accumulate

from common.status.histogram import DELIVERY_S, PUBLISH_S, Histogram
from common.status.publisher_status import PublisherStatus
from monitor.collection.hangs import publisher_works
from monitor.metrics.labels import labels
from monitor.metrics.metric import Kind, Metric, Sample
from monitor.metrics.scrape import Scrape


def _number(
    name: str, kind: Kind, text: str, value: Callable[[PublisherStatus], int | float]
) -> Metric:
    def samples(scrape: Scrape) -> Iterable[Sample]:
        page = scrape.host.publisher
        return [("", value(page.status))] if page else ()

    return Metric(name, kind, text, (), samples)


def _now(name: str, text: str, value: Callable[[PublisherStatus], int]) -> Metric:
    """Return a gauge that is 0 while the publisher does not run, or hangs."""

    def samples(scrape: Scrape) -> Iterable[Sample]:
        page = scrape.host.publisher
        return [("", value(page.status) if publisher_works(scrape.host) else 0)] if page else ()

    return Metric(name, Kind.GAUGE, text, (), samples)


def _counts(
    name: str, text: str, label_name: str, value: Callable[[PublisherStatus], Mapping[str, int]]
) -> Metric:
    def samples(scrape: Scrape) -> Iterator[Sample]:
        if page := scrape.host.publisher:
            for key, count in value(page.status).items():
                yield labels(**{label_name: key}), count

    return Metric(name, Kind.COUNTER, text, (label_name,), samples)


def _histogram(
    name: str, text: str, bounds: Sequence[float], value: Callable[[PublisherStatus], Histogram]
) -> Metric:
    ends = [*(f"{bound:g}" for bound in bounds), "+Inf"]

    def samples(scrape: Scrape) -> Iterator[Sample]:
        page = scrape.host.publisher
        histogram = value(page.status) if page else None
        # A publisher of another version may have other bounds.
        if histogram and len(histogram.counts) == len(ends):
            counts = list(accumulate(histogram.counts))
            for end, count in zip(ends, counts, strict=True):
                yield f'_bucket{{le="{end}"}}', count
            yield "_sum", histogram.total_s
            yield "_count", counts[-1]

    return Metric(name, Kind.HISTOGRAM, text, (), samples)


PUBLISHER_METRICS: tuple[Metric, ...] = (
    _number(
        "taken_messages_total",
        Kind.COUNTER,
        "Messages, events and gap records taken from readers.",
        lambda status: status.taken,
    ),
    _counts(
        "published_messages_total",
        "Records that Kafka has confirmed.",
        "topic",
        lambda status: status.published,
    ),
    _number(
        "duplicate_messages_total",
        Kind.COUNTER,
        "Messages left out because another reader had sent them.",
        lambda status: status.duplicates,
    ),
    _number(
        "left_out_gaps_total",
        Kind.COUNTER,
        "Gap records left out because another reader was in the channel.",
        lambda status: status.left_out_gaps,
    ),
    _number(
        "left_out_events_total",
        Kind.COUNTER,
        "Events left out because another reader had sent them, or because no topic is set.",
        lambda status: status.left_out_events,
    ),
    _counts(
        "dead_letters_total",
        "Records that Kafka refused for good, by librdkafka's name of the error.",
        "error",
        lambda status: status.dead_letters,
    ),
    _number(
        "abandoned_messages_total",
        Kind.COUNTER,
        "Records that were not confirmed when their session ended; their readers send them again.",
        lambda status: status.abandoned,
    ),
    _number(
        "unconfirmed_messages",
        Kind.GAUGE,
        "Records taken from readers that Kafka has not confirmed yet.",
        lambda status: status.unconfirmed,
    ),
    _histogram(
        "delivery_seconds",
        "Time from Twitch's timestamp of a message to Kafka's confirmation.",
        DELIVERY_S,
        lambda status: status.delivery,
    ),
    _histogram(
        "publish_seconds",
        "Time from taking a batch to Kafka's confirmation.",
        PUBLISH_S,
        lambda status: status.publish,
    ),
    _counts(
        "link_refused_batches_total",
        "Batches that the publisher refused; their readers send them again.",
        "reason",
        lambda status: status.refused_batches,
    ),
    _counts(
        "link_malformed_frames_total",
        "Frames that do not follow the link's protocol.",
        "reason",
        lambda status: status.malformed_frames,
    ),
    _counts(
        "link_refused_connections_total",
        "Connections to the publisher that were refused.",
        "reason",
        lambda status: status.refused_connections,
    ),
    _number(
        "publisher_sessions_total",
        Kind.COUNTER,
        "Sessions that the publisher has begun.",
        lambda status: status.sessions,
    ),
    _now("link_readers", "Readers that are connected.", lambda status: status.readers),
    _now(
        "kafka_reachable",
        "1 while a broker answers; 0 also while the publisher does not run, or hangs.",
        lambda status: int(status.kafka_is_reachable),
    ),
)
