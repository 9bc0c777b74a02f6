"""
The metrics of Kafka's client: librdkafka's statistics, which it tells every 15 s.

Names in parentheses are those of STATISTICS.md in librdkafka.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from common.status.publisher_status import BrokerFigures, KafkaFigures
from monitor.collection.hangs import publisher_works
from monitor.metrics.labels import label, labels
from monitor.metrics.metric import Kind, Metric, Sample
from monitor.metrics.scrape import Scrape

_Value = Callable[[KafkaFigures], int | float]
_BrokerValue = Callable[[BrokerFigures], int | float]


def _total(name: str, text: str, value: _Value) -> Metric:
    def samples(scrape: Scrape) -> Iterable[Sample]:
        page = scrape.host.publisher
        return [("", value(page.status.kafka))] if page else ()

    return Metric(name, Kind.COUNTER, text, (), samples)


def _now(name: str, text: str, value: _Value) -> Metric:
    def samples(scrape: Scrape) -> Iterable[Sample]:
        figures = _current(scrape)
        return [("", value(figures))] if figures else ()

    return Metric(name, Kind.GAUGE, text, (), samples)


def _broker_total(name: str, text: str, value: _BrokerValue) -> Metric:
    def samples(scrape: Scrape) -> Iterator[Sample]:
        if page := scrape.host.publisher:
            for broker in _brokers(page.status.kafka):
                yield labels(broker=broker.name), value(broker)

    return Metric(name, Kind.COUNTER, text, ("broker",), samples)


def _broker_times(name: str, text: str, median: _BrokerValue, almost_all: _BrokerValue) -> Metric:
    def samples(scrape: Scrape) -> Iterator[Sample]:
        if figures := _current(scrape):
            for broker in _brokers(figures):
                yield labels(broker=broker.name, quantile="0.5"), median(broker)
                yield labels(broker=broker.name, quantile="0.99"), almost_all(broker)

    return Metric(name, Kind.SUMMARY, text, ("broker", "quantile"), samples)


def _broker_up(scrape: Scrape) -> Iterator[Sample]:
    if page := scrape.host.publisher:
        for broker in _brokers(page.status.kafka):
            yield labels(broker=broker.name), int(broker.is_up and publisher_works(scrape.host))


def _batch_messages(scrape: Scrape) -> Iterator[Sample]:
    if figures := _current(scrape):
        for topic, messages in figures.batch_messages.items():
            yield f"{{{label('topic', topic)}}}", messages


def _current(scrape: Scrape) -> KafkaFigures | None:
    """Return what holds now; None while the publisher does not run, or hangs."""
    page = scrape.host.publisher
    return page.status.kafka if page and publisher_works(scrape.host) else None


def _brokers(figures: KafkaFigures) -> Iterable[BrokerFigures]:
    return {broker.name: broker for broker in figures.brokers}.values()


KAFKA_METRICS: tuple[Metric, ...] = (
    _now(
        "kafka_queue_messages",
        "Messages that Kafka's client holds (msg_cnt).",
        lambda figures: figures.queue_messages,
    ),
    _now(
        "kafka_queue_bytes",
        "Bytes of the messages that Kafka's client holds (msg_size).",
        lambda figures: figures.queue_bytes,
    ),
    _now(
        "kafka_queue_limit_messages",
        "Messages that Kafka's client may hold (msg_max).",
        lambda figures: figures.queue_limit_messages,
    ),
    _total(
        "kafka_requests_total",
        "Requests sent to brokers (tx).",
        lambda figures: figures.requests,
    ),
    _total(
        "kafka_sent_bytes_total",
        "Bytes sent to brokers (tx_bytes).",
        lambda figures: figures.sent_bytes,
    ),
    Metric(
        "kafka_broker_up",
        Kind.GAUGE,
        "1 while the connection to the broker is up (state).",
        ("broker",),
        _broker_up,
    ),
    _broker_total(
        "kafka_request_errors_total",
        "Requests that failed (txerrs).",
        lambda broker: broker.request_errors,
    ),
    _broker_total(
        "kafka_request_retries_total",
        "Requests that were sent again (txretries).",
        lambda broker: broker.retries,
    ),
    _broker_total(
        "kafka_request_timeouts_total",
        "Requests that were not answered in time (req_timeouts).",
        lambda broker: broker.timeouts,
    ),
    _broker_times(
        "kafka_broker_rtt_seconds",
        "Time that a request takes (rtt).",
        lambda broker: broker.rtt_p50_s,
        lambda broker: broker.rtt_p99_s,
    ),
    _broker_times(
        "kafka_broker_queue_seconds",
        "Time that a request waits to be sent (outbuf_latency).",
        lambda broker: broker.queue_p50_s,
        lambda broker: broker.queue_p99_s,
    ),
    _broker_times(
        "kafka_broker_throttle_seconds",
        "Time that a broker holds requests back because of a quota (throttle).",
        lambda broker: broker.throttle_p50_s,
        lambda broker: broker.throttle_p99_s,
    ),
    Metric(
        "kafka_batch_messages_avg",
        Kind.GAUGE,
        "Messages in a batch for Kafka, on average (batchcnt).",
        ("topic",),
        _batch_messages,
    ),
)
