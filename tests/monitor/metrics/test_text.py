"""The text follows Prometheus's rules, and tells only what is known."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.chat_gap import GapReason
from common.status.auth_status import AuthStatus
from common.status.publisher_status import BrokerFigures, KafkaFigures, PublisherStatus
from common.status.reader_status import DropReason, ReaderState, ReaderStatus
from monitor.collection.host import Host, Program
from monitor.metrics.metric import PREFIX, Kind
from monitor.metrics.table import METRICS
from monitor.metrics.text import metrics_text
from tests.monitor.metrics.hosts import (
    HOSTS,
    host,
    labels_of,
    promtool_check,
    samples,
)

NO_LABELS = labels_of()


@settings(max_examples=50)
@given(HOSTS, st.booleans())
def test_promtool_finds_nothing_wrong(found: Host, per_channel: bool) -> None:
    """Names, types, help and labels follow Prometheus's rules."""
    assert promtool_check(metrics_text(found, per_channel=per_channel)) == ""


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


@pytest.mark.parametrize("runs", [False, True], ids=["ended", "hangs"])
def test_what_holds_now_is_not_told_of_a_publisher_that_does_not_work(*, runs: bool) -> None:
    """Its page keeps what it wrote last, and counters are still there."""
    status = PublisherStatus(kafka_is_reachable=True, readers=3, taken=7)
    status.kafka.queue_messages = 5
    found = samples(replace(host(publisher=status, runs=runs), at_ms=11_000))
    assert found["kafka_reachable"] == found["link_readers"] == {NO_LABELS: 0}
    assert "kafka_queue_messages" not in found
    assert found["taken_messages_total"] == {NO_LABELS: 7}
    assert found["program_up"] == {labels_of(program="publisher"): int(runs)}


def test_a_reader_that_does_not_work_or_has_no_page_is_not_in_its_channel() -> None:
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
    known = host({"in": status}, programs=programs)
    for absent in (
        host({"in": status}, programs=programs, runs=False),
        replace(known, at_ms=41_000),
    ):
        in_channel = samples(absent)["reader_in_channel"]
        assert in_channel == {labels_of(channel="in"): 0, labels_of(channel="new"): 0}


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
    assert reasons == {*(reason.value for reason in DropReason), "opt_out"}
    reasons = {dict(labels)["reason"] for labels in found["gap_seconds_by_reason_total"]}
    assert reasons == {reason.value for reason in GapReason}


def test_books_that_do_not_balance_are_told() -> None:
    """One record too few at a reader, and two too many at the publisher, are three."""
    balanced = host({"xqc": ReaderStatus(received=3, acknowledged=2, waiting=1)})
    assert samples(balanced)["unaccounted_messages"] == {NO_LABELS: 0}
    wrong = host({"xqc": ReaderStatus(received=3, acknowledged=2)}, PublisherStatus(unconfirmed=2))
    assert samples(wrong)["unaccounted_messages"] == {NO_LABELS: 3}


def test_whole_numbers_are_written_as_such() -> None:
    """A float would lose the last digits of a large one."""
    text = metrics_text(host({"xqc": ReaderStatus(received=2**53 + 1)}), per_channel=True)
    assert f'received_messages_total{{channel="xqc"}} {2**53 + 1}\n' in text
