"""Hosts with any figures and any names, and what Prometheus's own parser reads of their metrics."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping

from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from common.status.auth_status import AuthStatus
from common.status.histogram import DELIVERY_S, PUBLISH_S, Histogram
from common.status.page import ReadPage
from common.status.publisher_status import BrokerFigures, KafkaFigures, PublisherStatus
from common.status.reader_status import ReaderState, ReaderStatus
from monitor.collection.host import Host, Program, Usage
from monitor.metrics.metric import PREFIX
from monitor.metrics.text import metrics_text
from tests.requirements import require_program

#: The values of the samples of one metric, by their labels.
Values = dict[frozenset[tuple[str, str]], float]

COUNTS = st.integers(0, 2**48)
TIMES_MS = st.integers(0, 2**42)
SECONDS = st.floats(0, 1e6)
#: Also quotes, backslashes, newlines, and the bytes of file names that are no UTF-8.
NAMES = st.text(max_size=12) | st.text(st.sampled_from('\\"\n\r{}=,# \udcff\x00é'), max_size=6)


def parsed(text: str) -> dict[str, Values]:
    """Return the samples in *text*, by name without prefix."""
    samples: dict[str, Values] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found = samples.setdefault(sample.name.removeprefix(PREFIX), {})
            labels = frozenset(sample.labels.items())
            assert labels not in found, f"{sample.name} {labels} is there twice"
            found[labels] = sample.value
    return samples


def samples(found: Host, *, per_channel: bool = True) -> dict[str, Values]:
    """Return the samples that Prometheus reads of *found*, by name without prefix."""
    return parsed(metrics_text(found, per_channel=per_channel))


def promtool_check(text: str) -> str:
    """Return what `promtool check metrics` finds wrong with *text*."""
    require_program("promtool")
    checked = subprocess.run(
        ["promtool", "check", "metrics"],
        input=text.encode(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=60,
        check=False,
    )
    found = checked.stdout.decode()
    return found or ("it failed" if checked.returncode else "")


def labels_of(**values: str) -> frozenset[tuple[str, str]]:
    """Return labels as `parsed` has them."""
    return frozenset((name, as_unicode(value)) for name, value in values.items())


def as_unicode(name: str) -> str:
    """Return *name* as Prometheus gets to see it."""
    return name.encode(errors="backslashreplace").decode()


def host(
    readers: Mapping[str, ReaderStatus] | None = None,
    publisher: PublisherStatus | None = None,
    auth: AuthStatus | None = None,
    programs: Mapping[str, Program] | None = None,
    *,
    runs: bool = True,
) -> Host:
    """Return a host with these pages, all of whose processes run or not."""
    return Host(
        at_ms=0,
        readers={name: ReadPage(status, runs) for name, status in (readers or {}).items()},
        publisher=ReadPage(publisher, runs) if publisher else None,
        auth=ReadPage(auth, runs) if auth else None,
        programs=programs,
        usage={"monitor": Usage(1 << 20, 1.5)},
        free_bytes=1 << 30,
    )


def _histograms(bounds: tuple[float, ...]) -> st.SearchStrategy[Histogram]:
    size = len(bounds) + 1
    return st.builds(Histogram, st.lists(COUNTS, min_size=size, max_size=size), SECONDS)


READERS = st.builds(
    ReaderStatus,
    state=st.sampled_from([state.value for state in ReaderState]),
    connects=COUNTS,
    last_message_ms=TIMES_MS,
    malformed_lines=COUNTS,
    received=COUNTS,
    events=COUNTS,
    gaps=COUNTS,
    acknowledged=COUNTS,
    dropped=st.dictionaries(NAMES, COUNTS, max_size=3),
    replaced_gaps=COUNTS,
    opted_out=COUNTS,
    waiting=COUNTS,
    outbox_bytes=COUNTS,
    outbox_limit_bytes=COUNTS,
    oldest_waiting_ms=TIMES_MS,
    gaps_by_reason=st.dictionaries(NAMES, st.tuples(COUNTS, COUNTS), max_size=3),
)

BROKERS = st.builds(
    BrokerFigures,
    NAMES,
    st.booleans(),
    *([COUNTS] * 4),
    *([SECONDS] * 6),
)

PUBLISHERS = st.builds(
    PublisherStatus,
    sessions=COUNTS,
    kafka_is_reachable=st.booleans(),
    librdkafka=NAMES,
    taken=COUNTS,
    published=st.dictionaries(NAMES, COUNTS, max_size=3),
    duplicates=COUNTS,
    left_out_gaps=COUNTS,
    left_out_events=COUNTS,
    dead_letters=st.dictionaries(NAMES, COUNTS, max_size=3),
    unconfirmed=COUNTS,
    abandoned=COUNTS,
    refused_batches=st.dictionaries(NAMES, COUNTS, max_size=3),
    malformed_frames=st.dictionaries(NAMES, COUNTS, max_size=3),
    refused_connections=st.dictionaries(NAMES, COUNTS, max_size=3),
    readers=COUNTS,
    delivery=_histograms(DELIVERY_S),
    publish=_histograms(PUBLISH_S),
    kafka=st.builds(
        KafkaFigures,
        queue_messages=COUNTS,
        queue_bytes=COUNTS,
        queue_limit_messages=COUNTS,
        requests=COUNTS,
        sent_bytes=COUNTS,
        brokers=st.lists(BROKERS, max_size=3, unique_by=lambda broker: as_unicode(broker.name)),
        batch_messages=st.dictionaries(NAMES, SECONDS, max_size=2),
    ),
)

AUTHS = st.builds(
    AuthStatus,
    login=st.just("") | st.just("somebot"),
    expires_ms=TIMES_MS,
    is_valid=st.booleans(),
    renewals=st.fixed_dictionaries({"ok": COUNTS, "refused": COUNTS, "unreachable": COUNTS}),
)

PROGRAMS = st.none() | st.dictionaries(
    NAMES | st.builds("reader-{}".format, NAMES),
    st.builds(Program, st.sampled_from(["RUNNING", "FATAL", "STOPPED"]), NAMES, COUNTS),
    max_size=4,
)

HOSTS = st.builds(
    host,
    st.dictionaries(NAMES, READERS, max_size=4),
    st.none() | PUBLISHERS,
    st.none() | AUTHS,
    PROGRAMS,
    runs=st.booleans(),
)
