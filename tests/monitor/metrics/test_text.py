"""Prometheus reads from the text what the status pages say, whatever names are in them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import accumulate

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.chat_gap import GapReason
from common.status.auth_status import AuthStatus
from common.status.histogram import DELIVERY_S, PUBLISH_S, Histogram
from common.status.publisher_status import BrokerFigures, KafkaFigures, PublisherStatus
from common.status.reader_status import DropReason, ReaderState, ReaderStatus
from monitor.collection.host import Host, Program
from monitor.metrics.metric import PREFIX, Kind
from monitor.metrics.table import METRICS
from monitor.metrics.text import metrics_text
from tests.monitor.metrics.hosts import (
    AUTHS,
    HOSTS,
    NAMES,
    PUBLISHERS,
    READERS,
    Values,
    host,
    labels_of,
    parsed,
    promtool_check,
)

NO_LABELS = labels_of()
DROP_REASONS = dict.fromkeys([reason.value for reason in DropReason], 0)
GAP_REASONS = dict.fromkeys([reason.value for reason in GapReason], 0)


def samples(found: Host, *, per_channel: bool = True) -> dict[str, Values]:
    """Return the samples that Prometheus reads, by name."""
    return parsed(metrics_text(found, per_channel=per_channel))


@settings(deadline=None, max_examples=50)
@given(HOSTS, st.booleans())
def test_promtool_finds_nothing_wrong(found: Host, per_channel: bool) -> None:
    """Names, types, help and labels follow Prometheus's rules."""
    assert promtool_check(metrics_text(found, per_channel=per_channel)) == ""


@settings(deadline=None)
@given(HOSTS, st.booleans())
def test_each_sample_is_one_of_the_table(found: Host, per_channel: bool) -> None:
    """With exactly its labels; dashboards and alerts are checked against this table."""
    names = {name: metric for metric in METRICS for name in metric.series_names}
    for short_name, values in samples(found, per_channel=per_channel).items():
        metric = names[PREFIX + short_name]
        expected = set(metric.labels)
        if metric.over_channels and not per_channel:
            expected.discard("channel")
        if short_name.endswith("_bucket"):
            expected.add("le")
        assert [labels for labels in values if {name for name, _ in labels} != expected] == []


def test_a_host_with_everything_shows_each_metric_once() -> None:
    """No name is in the table twice, and those of counters end as they should."""
    publisher = PublisherStatus(
        published={"chat": 1},
        dead_letters={"MSG_SIZE_TOO_LARGE": 1},
        refused_batches={"gap": 1},
        malformed_frames={"garbage": 1},
        refused_connections={"key": 1},
        kafka=KafkaFigures(brokers=[BrokerFigures("b:9092/1")], batch_messages={"chat": 1.5}),
    )
    auth = AuthStatus(login="somebot", expires_ms=1)
    programs = {name: Program("RUNNING", "", 1) for name in ("publisher", "reader-xqc")}
    found = samples(host({"xqc": ReaderStatus()}, publisher, auth, programs))
    names = [name for metric in METRICS for name in metric.series_names]
    assert sorted(PREFIX + name for name in found) == sorted(names)
    counters = {metric.name for metric in METRICS if metric.kind is Kind.COUNTER}
    assert counters == {name for name in names if name.endswith("_total")}


@settings(deadline=None)
@given(st.dictionaries(NAMES, READERS, min_size=1, max_size=4))
def test_each_channel_has_its_figures(readers: dict[str, ReaderStatus]) -> None:
    """Counts as integers, times in seconds, under the channel's name as it is."""
    found = samples(host(readers))
    expected: dict[str, Callable[[ReaderStatus], float]] = {
        "received_messages_total": lambda status: status.received,
        "acknowledged_messages_total": lambda status: status.acknowledged,
        "replaced_gap_records_total": lambda status: status.replaced_gaps,
        "outbox_messages": lambda status: status.waiting,
        "outbox_bytes": lambda status: status.outbox_bytes,
        "outbox_oldest_timestamp_seconds": lambda status: status.oldest_waiting_ms / 1000,
        "gaps_total": lambda status: status.gaps,
        "gap_seconds_total": lambda status: sum(t for _, t in status.gaps_by_reason.values()) / 1e3,
        "reader_in_channel": lambda status: status.state == ReaderState.IN_CHANNEL,
        "reader_connects_total": lambda status: status.connects,
        "reader_last_message_timestamp_seconds": lambda status: status.last_message_ms / 1000,
        "malformed_lines_total": lambda status: status.malformed_lines,
    }
    for name, value in expected.items():
        assert found[name] == {
            labels_of(channel=channel): value(status) for channel, status in readers.items()
        }
    assert found["dropped_messages_total"] == {
        labels_of(channel=channel, reason=reason): count
        for channel, status in readers.items()
        for reason, count in (DROP_REASONS | status.dropped).items()
    }
    assert found["outbox_limit_bytes"] == {
        NO_LABELS: max(status.outbox_limit_bytes for status in readers.values())
    }


@settings(deadline=None)
@given(st.dictionaries(NAMES, READERS, min_size=1, max_size=4))
def test_channels_are_joined_where_none_has_series_of_its_own(
    readers: dict[str, ReaderStatus],
) -> None:
    """Sums, except where a sum says nothing."""
    found = samples(host(readers), per_channel=False)
    all_readers = readers.values()
    oldest = [status.oldest_waiting_ms for status in all_readers if status.oldest_waiting_ms]
    in_channel = [status.state == ReaderState.IN_CHANNEL for status in all_readers]
    assert {name: found[name] for name in found if name.startswith(("outbox_", "reader_"))} == {
        "outbox_messages": {NO_LABELS: sum(status.waiting for status in all_readers)},
        "outbox_bytes": {NO_LABELS: max(status.outbox_bytes for status in all_readers)},
        "outbox_limit_bytes": {NO_LABELS: max(status.outbox_limit_bytes for status in all_readers)},
        "outbox_oldest_timestamp_seconds": {NO_LABELS: min(oldest, default=0) / 1000},
        "reader_in_channel": {NO_LABELS: sum(in_channel) / len(in_channel)},
        "reader_connects_total": {NO_LABELS: sum(status.connects for status in all_readers)},
        "reader_last_message_timestamp_seconds": {
            NO_LABELS: max(status.last_message_ms for status in all_readers) / 1000
        },
    }
    dropped = dict(DROP_REASONS)
    gaps = dict(GAP_REASONS)
    for status in all_readers:
        for reason, count in status.dropped.items():
            dropped[reason] = dropped.get(reason, 0) + count
        for reason, (count, _) in status.gaps_by_reason.items():
            gaps[reason] = gaps.get(reason, 0) + count
    assert found["dropped_messages_total"] == {
        labels_of(reason=reason): count for reason, count in dropped.items()
    }
    assert found["gaps_by_reason_total"] == {
        labels_of(reason=reason): count for reason, count in gaps.items()
    }


@settings(deadline=None)
@given(PUBLISHERS)
def test_the_publisher_has_its_figures(status: PublisherStatus) -> None:
    """Among them those of Kafka's client."""
    found = samples(host(publisher=status))
    kafka = status.kafka
    for name, value in {
        "taken_messages_total": status.taken,
        "duplicate_messages_total": status.duplicates,
        "left_out_gaps_total": status.left_out_gaps,
        "abandoned_messages_total": status.abandoned,
        "unconfirmed_messages": status.unconfirmed,
        "publisher_sessions_total": status.sessions,
        "link_readers": status.readers,
        "kafka_reachable": status.kafka_is_reachable,
        "kafka_queue_messages": kafka.queue_messages,
        "kafka_queue_bytes": kafka.queue_bytes,
        "kafka_queue_limit_messages": kafka.queue_limit_messages,
        "kafka_requests_total": kafka.requests,
        "kafka_sent_bytes_total": kafka.sent_bytes,
    }.items():
        assert found[name] == {NO_LABELS: value}
    for name, label, values in (
        ("published_messages_total", "topic", status.published),
        ("dead_letters_total", "error", status.dead_letters),
        ("link_refused_batches_total", "reason", status.refused_batches),
        ("link_malformed_frames_total", "reason", status.malformed_frames),
        ("link_refused_connections_total", "reason", status.refused_connections),
        ("kafka_batch_messages_avg", "topic", kafka.batch_messages),
        ("kafka_broker_up", "broker", {broker.name: broker.is_up for broker in kafka.brokers}),
        (
            "kafka_request_errors_total",
            "broker",
            {broker.name: broker.request_errors for broker in kafka.brokers},
        ),
    ):
        expected = {labels_of(**{label: key}): value for key, value in values.items()}
        assert found.get(name, {}) == expected
    assert found.get("kafka_broker_rtt_seconds", {}) == {
        labels_of(broker=broker.name, quantile=quantile): seconds
        for broker in kafka.brokers
        for quantile, seconds in {"0.5": broker.rtt_p50_s, "0.99": broker.rtt_p99_s}.items()
    }


@settings(deadline=None)
@given(PUBLISHERS)
def test_histograms_are_cumulative(status: PublisherStatus) -> None:
    """Each bucket counts what took at most as long; the last one counts everything."""
    found = samples(host(publisher=status))
    for name, bounds, histogram in (
        ("delivery_seconds", DELIVERY_S, status.delivery),
        ("publish_seconds", PUBLISH_S, status.publish),
    ):
        buckets = {
            float(dict(labels)["le"]): count for labels, count in found[f"{name}_bucket"].items()
        }
        assert list(buckets) == [*bounds, float("inf")]
        assert list(buckets.values()) == list(accumulate(histogram.counts))
        assert found[f"{name}_sum"] == {NO_LABELS: histogram.total_s}
        assert found[f"{name}_count"] == {NO_LABELS: sum(histogram.counts)}


def test_a_histogram_with_other_bounds_costs_nothing_else() -> None:
    """It may be of another version."""
    found = samples(host(publisher=PublisherStatus(taken=3, delivery=Histogram([]))))
    assert "delivery_seconds_count" not in found
    assert found["taken_messages_total"] == {NO_LABELS: 3}


def test_what_holds_now_is_not_told_of_a_publisher_that_has_ended() -> None:
    """Its page keeps what it wrote last, and counters are still there."""
    status = PublisherStatus(kafka_is_reachable=True, readers=3, taken=7)
    status.kafka.queue_messages = 5
    found = samples(host(publisher=status, runs=False))
    assert found["kafka_reachable"] == found["link_readers"] == {NO_LABELS: 0}
    assert "kafka_queue_messages" not in found
    assert found["taken_messages_total"] == {NO_LABELS: 7}
    assert found["program_up"] == {labels_of(program="publisher"): 0}


def test_a_reader_that_does_not_run_or_has_no_page_is_not_in_its_channel() -> None:
    """Nor is a channel counted that is no longer wanted."""
    status = ReaderStatus(state=ReaderState.IN_CHANNEL)
    programs = {
        "reader-in": Program("RUNNING", "", 1),
        "reader-new": Program("FATAL", "", 0),
        "publisher": Program("RUNNING", "", 2),
    }
    found = samples(host({"in": status, "left": status}, programs=programs))
    assert found["reader_in_channel"] == {labels_of(channel="in"): 1, labels_of(channel="new"): 0}
    assert found["channels_configured"] == {NO_LABELS: 2}
    assert found["readers"][labels_of(state="RUNNING")] == 1
    assert found["readers"][labels_of(state="FATAL")] == 1
    assert found["readers"][labels_of(state="BACKOFF")] == 0
    ended = samples(host({"in": status}, programs=programs, runs=False))
    assert ended["reader_in_channel"] == {labels_of(channel="in"): 0, labels_of(channel="new"): 0}


def test_supervisord_and_its_programs_are_up_or_not() -> None:
    """Where it cannot be asked although it should be there, the pages tell what runs."""
    programs = {"publisher": Program("RUNNING", "", 2), "auth": Program("FATAL", "", 0)}
    publisher = PublisherStatus()
    assert samples(host(publisher=publisher, programs=programs))["program_up"] == {
        labels_of(program="supervisord"): 1,
        labels_of(program="publisher"): 1,
        labels_of(program="auth"): 0,
    }
    silent = replace(host(publisher=publisher), supervisord_problem="it has not answered for 2 s")
    assert samples(silent)["program_up"] == {
        labels_of(program="supervisord"): 0,
        labels_of(program="publisher"): 1,
    }


@pytest.mark.parametrize("per_channel", [True, False])
def test_counters_are_there_before_anything_happens(per_channel: bool) -> None:
    """Else Prometheus would not notice the first event."""
    found = samples(host({"xqc": ReaderStatus(dropped={})}), per_channel=per_channel)
    reasons = {dict(labels)["reason"] for labels in found["dropped_messages_total"]}
    assert reasons == {reason.value for reason in DropReason}
    reasons = {dict(labels)["reason"] for labels in found["gap_seconds_by_reason_total"]}
    assert reasons == {reason.value for reason in GapReason}


@settings(deadline=None)
@given(AUTHS)
def test_the_login_is_told_only_if_there_is_one(status: AuthStatus) -> None:
    """An alert for a login that ends must not fire for those who have none."""
    found = samples(host(auth=status))
    assert ("login_valid" in found) == bool(status.login)
    assert ("token_expiry_timestamp_seconds" in found) == bool(status.expires_ms)
    assert found["token_renewals_total"] == {
        labels_of(result=result): count for result, count in status.renewals.items()
    }


def test_whole_numbers_are_written_as_such() -> None:
    """A float would lose the last digits of a large one."""
    text = metrics_text(host({"xqc": ReaderStatus(received=2**53 + 1)}), per_channel=True)
    assert f'received_messages_total{{channel="xqc"}} {2**53 + 1}\n' in text
