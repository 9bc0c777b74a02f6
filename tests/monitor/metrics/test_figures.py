"""Prometheus reads from the text what the status pages say, whatever names are in them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import accumulate
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.chat_gap import GapReason
from common.status.auth_status import AuthStatus
from common.status.histogram import DELIVERY_S, PUBLISH_S, Histogram
from common.status.publisher_status import PublisherStatus
from common.status.reader_status import DropReason, ReaderState, ReaderStatus
from tests.monitor.metrics.hosts import (
    AUTHS,
    NAMES,
    PUBLISHERS,
    READERS,
    host,
    labels_of,
    samples,
)

NO_LABELS = labels_of()
DROP_REASONS = dict.fromkeys([reason.value for reason in DropReason], 0)
GAP_REASONS = dict.fromkeys([reason.value for reason in GapReason], 0)


def opt_out(status: ReaderStatus) -> dict[str, int]:
    """Return what is beside the losses: what was left out as people want it."""
    return {"opt_out": status.opted_out}


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
        for reason, count in (DROP_REASONS | status.dropped | opt_out(status)).items()
    }
    assert found["outbox_limit_bytes"] == {
        NO_LABELS: max(status.outbox_limit_bytes for status in readers.values())
    }


@pytest.mark.parametrize("per_channel", [True, False])
def test_no_sum_over_channels_falls_when_a_channel_is_removed(per_channel: bool) -> None:
    """Or Prometheus would take what remains for new, and tell of losses that are long past."""
    counts: dict[str, Any] = {
        "received": 9,
        "connects": 2,
        "gaps": 1,
        "dropped": {"overflowed": 3},
        "opted_out": 4,
        "gaps_by_reason": {"startup": (1, 500)},
    }
    readers = {"xqc": ReaderStatus(**counts), "forsen": ReaderStatus(**counts)}
    before = samples(host(readers), per_channel=per_channel)
    del readers["xqc"]
    removed = replace(host(readers), removed_readers=ReaderStatus(**counts))
    after = samples(removed, per_channel=per_channel)
    without_channel = {
        (name, labels): value
        for name, values in before.items()
        for labels, value in values.items()
        if name.endswith("_total") and "channel" not in dict(labels)
    }
    assert {key: after[key[0]].get(key[1]) for key in without_channel} == without_channel
    assert before["gaps_by_reason_total"][labels_of(reason="startup")] == 2


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
        for reason, count in (status.dropped | opt_out(status)).items():
            dropped[reason] = dropped.get(reason, 0) + count
        for reason, (count, _) in status.gaps_by_reason.items():
            gaps[reason] = gaps.get(reason, 0) + count
    assert found["dropped_messages_total"] == {
        labels_of(reason=reason): count for reason, count in dropped.items()
    }
    assert found["gaps_by_reason_total"] == {
        labels_of(reason=reason): count for reason, count in gaps.items()
    }


@given(PUBLISHERS)
def test_the_publisher_has_its_figures(status: PublisherStatus) -> None:
    """Among them those of Kafka's client."""
    found = samples(host(publisher=status))
    kafka = status.kafka
    for name, value in {
        "taken_messages_total": status.taken,
        "duplicate_messages_total": status.duplicates,
        "left_out_gaps_total": status.left_out_gaps,
        "left_out_events_total": status.left_out_events,
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


@given(AUTHS)
def test_the_login_is_told_only_if_there_is_one(status: AuthStatus) -> None:
    """An alert for a login that ends must not fire for those who have none."""
    found = samples(host(auth=status))
    assert ("login_valid" in found) == bool(status.login)
    assert ("token_expiry_timestamp_seconds" in found) == bool(status.expires_ms)
    assert found["token_renewals_total"] == {
        labels_of(result=result): count for result, count in status.renewals.items()
    }


def test_seconds_over_channels_are_added_up_exactly() -> None:
    """A sum of fractions depends on their order, and a counter must not fall by its last digit."""
    readers = {
        name: ReaderStatus(gaps_by_reason={"startup": (1, length_ms)})
        for name, length_ms in (("xqc", 100), ("forsen", 200))
    }
    found = samples(host(readers), per_channel=False)
    assert found["gap_seconds_total"] == {labels_of(): 0.3}
