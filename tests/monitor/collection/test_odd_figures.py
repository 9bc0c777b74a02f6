"""Whatever is in a page, it costs nothing but its own row."""

from __future__ import annotations

import tempfile
from pathlib import Path

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from common.status.auth_status import AuthStatus
from common.status.histogram import Histogram
from common.status.page import ReadPage
from common.status.publisher_status import PublisherState, PublisherStatus
from common.status.reader_status import ReaderState, ReaderStatus, ShownGap
from monitor.collection.collector import Collector
from monitor.collection.health import live, ready
from monitor.collection.host import Host, Program
from monitor.collection.observer import Observer
from monitor.collection.snapshot import Snapshot
from tests.monitor.collection.hosts import NOON_MS

#: What msgpack can hold.
NUMBERS = st.integers(-(2**63), 2**64 - 1) | st.integers(-3, 3) | st.just(NOON_MS)
TEXTS = st.text(max_size=20) | st.sampled_from([*ReaderState, *PublisherState])
HISTOGRAMS = st.builds(Histogram, st.lists(NUMBERS, max_size=15), st.floats())

READERS = st.builds(
    ReaderStatus,
    state=TEXTS,
    problem=TEXTS,
    state_since_ms=NUMBERS,
    written_ms=NUMBERS,
    last_message_ms=NUMBERS,
    received=NUMBERS,
    gaps=NUMBERS,
    acknowledged=NUMBERS,
    waiting=NUMBERS,
    unwritten=NUMBERS,
    outbox_bytes=NUMBERS,
    outbox_limit_bytes=NUMBERS,
    oldest_waiting_ms=NUMBERS,
    dropped=st.dictionaries(TEXTS, NUMBERS, max_size=2),
    gaps_by_reason=st.dictionaries(TEXTS, st.tuples(NUMBERS, NUMBERS), max_size=2),
    last_gaps=st.lists(st.builds(ShownGap, NUMBERS, NUMBERS, TEXTS), max_size=3),
    delay=HISTOGRAMS,
)
PUBLISHERS = st.builds(
    PublisherStatus,
    turned_ms=NUMBERS,
    state=TEXTS,
    state_since_ms=NUMBERS,
    problem=TEXTS,
    session=NUMBERS,
    kafka_brokers=TEXTS,
    kafka_is_reachable=st.booleans(),
    kafka_since_ms=NUMBERS,
    taken=NUMBERS,
    published=st.dictionaries(TEXTS, NUMBERS, max_size=2),
    dead_letters=st.dictionaries(TEXTS, NUMBERS, max_size=2),
    unconfirmed=NUMBERS,
    oldest_unconfirmed_ms=NUMBERS,
    readers=NUMBERS,
    delivery=HISTOGRAMS,
)
LOGINS = st.builds(
    AuthStatus,
    turned_ms=NUMBERS,
    login=TEXTS,
    expires_ms=NUMBERS,
    is_valid=st.booleans(),
    validated_ms=NUMBERS,
    problem=TEXTS,
)
PROGRAMS = st.dictionaries(
    st.sampled_from(["publisher", "auth", "reader-a", "reader-b", "reader-c", "other"]),
    st.builds(Program, TEXTS | st.just("RUNNING"), TEXTS, NUMBERS),
)
HOSTS = st.builds(
    Host,
    at_ms=st.integers(NOON_MS - 10_000_000, NOON_MS + 10_000_000),
    readers=st.dictionaries(st.sampled_from("abc"), st.builds(ReadPage, READERS, st.booleans())),
    publisher=st.none() | st.builds(ReadPage, PUBLISHERS, st.booleans()),
    auth=st.none() | st.builds(ReadPage, LOGINS, st.booleans()),
    programs=st.none() | PROGRAMS,
    usage=st.just({}),
    free_bytes=st.none() | st.integers(0, 2**70),
    unreadable=st.dictionaries(st.sampled_from(["reader-c", "publisher", "status"]), TEXTS),
    supervisord_problem=TEXTS,
)


@settings(max_examples=50)
@given(st.lists(HOSTS, min_size=1, max_size=4))
def test_any_figures_make_a_snapshot_that_can_be_sent(hosts: list[Host]) -> None:
    """And health checks with a reason for each that fails."""
    with tempfile.TemporaryDirectory() as folder:
        observer = Observer(Collector(Path(folder), Path(folder)))
        for host in hosts:
            seen = observer.see(host)
            sent = msgspec.json.decode(msgspec.json.encode(seen), type=Snapshot)
            assert sent.sentence
            assert all(live(host).values())
            assert all(ready(host).values())
