"""What is found to be wrong with a host, and how urgent it is."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from common.status.publisher_status import PublisherState
from common.status.reader_status import ReaderState
from monitor.collection.collector import Collector
from monitor.collection.health import OK, ready
from monitor.collection.host import Host, Program
from monitor.collection.observer import Observer
from monitor.collection.snapshot import Level, Snapshot
from tests.monitor.collection.hosts import (
    GIB,
    NOON_MS,
    auth,
    host,
    login,
    publisher,
    reader,
    supervised,
)

PROBLEM, WARNING = Level.PROBLEM, Level.WARNING


@pytest.fixture
def observer(tmp_path: Any) -> Observer:
    """Return an observer that has seen nothing yet."""
    return Observer(Collector(tmp_path, tmp_path))


def healthy(after_s: float = 0.0, **fields: Any) -> Host:
    """Return a host with two readers, a publisher and auth."""
    given: dict[str, Any] = {
        "readers": two(),
        "publisher": publisher(turned_ms=NOON_MS + round(after_s * 1000)),
        "auth": auth(turned_ms=NOON_MS + round(after_s * 1000)),
    }
    seen = host(after_s, **given | fields)
    for page in seen.readers.values():
        page.status.written_ms = seen.at_ms
    return seen


def two(**fields: Any) -> dict[str, Any]:
    """Return readers of which that of xqc has *fields*."""
    return {"xqc": reader(**fields), "forsen": reader()}


def programs(**states: str) -> dict[str, Program]:
    """Return the programs of a healthy host, of which some have other *states*."""
    running = dict.fromkeys(("publisher", "auth", "forsen", "xqc"), "RUNNING")
    return supervised(**(running | states))


def reader_hangs(after_s: float) -> Host:
    """Return a host of which the reader of xqc hangs since noon."""
    seen = healthy(after_s, readers=two())
    seen.readers["xqc"].status.written_ms = NOON_MS
    return seen


def test_nothing_is_wrong_with_a_healthy_host(observer: Observer) -> None:
    """Not in its first second, and not an hour later."""
    for after_s in (0, 1, 60, 3600):
        assert observer.see(healthy(after_s)).findings == []


def kafka_away(after_s: float) -> Host:
    """Return a host whose Kafka is away since noon."""
    now_ms = NOON_MS + round(after_s * 1000)
    away = publisher(turned_ms=now_ms, kafka_is_reachable=False)
    return healthy(after_s, publisher=away, readers=two(received=1234, waiting=1234))


def no_session(after_s: float) -> Host:
    """Return a host whose publisher prepares a session since noon."""
    now_ms = NOON_MS + round(after_s * 1000)
    beginning = publisher(
        turned_ms=now_ms, state=PublisherState.BEGINNING, problem="topic x is missing", session=0
    )
    return healthy(after_s, publisher=beginning)


def unconfirmed(after_s: float) -> Host:
    """Return a host whose Kafka confirms nothing since noon."""
    slow = publisher(
        turned_ms=NOON_MS + round(after_s * 1000),
        taken=7,
        unconfirmed=7,
        oldest_unconfirmed_ms=NOON_MS,
    )
    return healthy(after_s, publisher=slow)


#: A host, and what is found to be wrong with it first.
CASES: dict[str, tuple[Host, Level, str]] = {
    "a reader ended": (healthy(readers=two(runs=False)), PROBLEM, "the reader of xqc does not run"),
    "all readers ended": (
        healthy(readers={name: reader(runs=False) for name in "abcd"}),
        PROBLEM,
        "the readers of a, b and 2 more do not run",
    ),
    "a reader ended, and said why": (
        healthy(readers=two(runs=False, state=ReaderState.STOPPED, problem="no disk")),
        PROBLEM,
        "the reader of xqc does not run: no disk",
    ),
    "a reader fails to start": (
        healthy(
            readers={"forsen": reader()},
            programs=programs(xqc="BACKOFF"),
        ),
        PROBLEM,
        "the reader of xqc has not started: Exited too quickly",
    ),
    "a reader was stopped": (
        healthy(
            readers=two(runs=False),
            programs=programs(xqc="STOPPED"),
        ),
        WARNING,
        "the reader of xqc was stopped",
    ),
    "a reader was told to stop a moment ago": (
        healthy(
            readers=two(runs=False, state=ReaderState.STOPPED, pid=1),
            programs=programs(xqc="RUNNING"),
        ),
        WARNING,
        "the reader of xqc was stopped",
    ),
    "a reader ended by itself a moment ago": (
        healthy(
            readers=two(runs=False, state=ReaderState.STOPPED, pid=1, problem="no disk"),
            programs=programs(xqc="RUNNING"),
        ),
        PROBLEM,
        "the reader of xqc does not run: no disk",
    ),
    "a reader was killed a moment ago": (
        healthy(
            readers=two(runs=False, pid=1),
            programs=programs(xqc="RUNNING"),
        ),
        PROBLEM,
        "the reader of xqc does not run",
    ),
    "a reader is banned": (
        healthy(61, readers=two(state=ReaderState.PAUSING, problem="it is banned")),
        PROBLEM,
        "the reader of xqc is not in its channel: it is banned",
    ),
    "a reader was banned a moment ago": (
        healthy(11, readers=two(state=ReaderState.PAUSING, problem="it is banned")),
        WARNING,
        "the reader of xqc is not in its channel: it is banned",
    ),
    "readers wait for their turn": (
        healthy(61, readers=two(state=ReaderState.WAITING_FOR_TURN)),
        WARNING,
        "the reader of xqc is not in its channel: it waits for its turn",
    ),
    "the publisher ended": (
        healthy(publisher=publisher(runs=False), readers=two(received=2, waiting=2)),
        PROBLEM,
        "the publisher does not run; 2 messages wait on disk",
    ),
    "the publisher hangs": (
        healthy(11, publisher=publisher()),
        PROBLEM,
        "the publisher hangs: it has not worked for 11 s; 0 messages wait on disk",
    ),
    "the publisher was stopped": (
        healthy(
            publisher=publisher(runs=False),
            programs=programs(publisher="STOPPED"),
        ),
        WARNING,
        "the publisher was stopped; 0 messages wait on disk",
    ),
    "Kafka is away for seconds": (
        kafka_away(6),
        WARNING,
        "Kafka at kafka:9092 cannot be reached; 1,234 messages wait on disk",
    ),
    "Kafka is away for minutes": (
        kafka_away(121),
        PROBLEM,
        "Kafka at kafka:9092 cannot be reached; 1,234 messages wait on disk",
    ),
    "no session": (
        no_session(6),
        WARNING,
        "the publisher has no session with Kafka: topic x is missing; 0 messages wait on disk",
    ),
    "Kafka confirms nothing": (
        unconfirmed(16),
        WARNING,
        "Kafka confirms nothing: a record has waited 16 s for Kafka's confirmation; 0 messages"
        " wait on disk",
    ),
    "Kafka has confirmed nothing for long": (unconfirmed(121), PROBLEM, "Kafka confirms nothing"),
    "an outbox fills": (
        healthy(readers=two(received=1, waiting=1, outbox_bytes=GIB * 3 // 10)),
        WARNING,
        "the outbox of xqc is 30% full",
    ),
    "an outbox is nearly full": (
        healthy(readers=two(received=1, waiting=1, outbox_bytes=GIB * 9 // 10)),
        PROBLEM,
        "the outbox of xqc is 90% full",
    ),
    "the disk is full": (
        healthy(readers=two(received=3, waiting=3, unwritten=3)),
        PROBLEM,
        "the disk refuses what is received: 3 messages of xqc are in memory only",
    ),
    "the disk is full, and nothing waits": (
        healthy(free_bytes=4096),
        PROBLEM,
        "the disk where outboxes are stored is full",
    ),
    "the disk refuses one message": (
        healthy(readers=two(received=1, waiting=1, unwritten=1)),
        PROBLEM,
        "the disk refuses what is received: 1 message of xqc is in memory only",
    ),
    "the disk is nearly full": (
        healthy(free_bytes=100 * 1024**2),
        PROBLEM,
        "100 MiB are free where outboxes are stored",
    ),
    "the login has ended": (
        healthy(auth=login(expires_ms=NOON_MS, problem="refused")),
        PROBLEM,
        "the login of somebody has ended: refused",
    ),
    "Twitch does not take the login": (
        healthy(auth=login(is_valid=False)),
        PROBLEM,
        "the login of somebody has ended",
    ),
    "the login ends soon": (
        healthy(auth=login(expires_ms=NOON_MS + 300_000)),
        WARNING,
        "the login of somebody ends in 5 minutes, and is not renewed",
    ),
    "the login may not be renewed": (
        healthy(auth=login(problem="log in again")),
        WARNING,
        "the login of somebody may not be renewed: log in again",
    ),
    "auth hangs": (healthy(61, auth=auth()), WARNING, "auth hangs: it has not worked for 1 minute"),
    "a reader hangs": (reader_hangs(41), PROBLEM, "the reader of xqc hangs"),
    "auth ended": (healthy(auth=auth(runs=False)), WARNING, "auth is not running"),
    "the books do not balance": (
        healthy(readers=two(received=5, acknowledged=3)),
        PROBLEM,
        "the books do not balance: 2 records unaccounted for",
    ),
    "supervisord hangs": (
        healthy(supervisord_problem="supervisord has not answered for 2 s"),
        WARNING,
        "supervisord has not answered for 2 s",
    ),
    "nothing is there": (host(), WARNING, "no process of this service has run here"),
}


@pytest.mark.parametrize("case", CASES)
def test_the_worst_is_said_first(observer: Observer, case: str) -> None:
    """In one sentence, with what to do."""
    seen, level, text = CASES[case]
    snapshot = observer.see(seen)
    assert snapshot.sentence.startswith(text)
    assert (snapshot.level, snapshot.findings[0].level) == (level, level)
    assert snapshot.findings[0].text == snapshot.sentence
    assert snapshot.since_ms <= seen.at_ms


@pytest.mark.parametrize("trouble", [kafka_away, no_session])
def test_a_short_trouble_with_kafka_is_not_mentioned(observer: Observer, trouble: Any) -> None:
    """A broker that restarts is away for some seconds."""
    assert observer.see(trouble(4)).findings == []


def test_a_publisher_of_another_host_that_is_away_is_told(observer: Observer) -> None:
    """Not at once: one that is back needs a moment to reach all readers."""
    levels = {}
    for after_s in (29, 31, 35, 36, 119, 121):
        waits = reader(
            received=1, waiting=1, oldest_waiting_ms=NOON_MS, written_ms=NOON_MS + after_s * 1000
        )
        seen = observer.see(host(after_s, readers={"xqc": waits}))
        levels[after_s] = seen.level
        if seen.level is not Level.OK:
            assert seen.sentence == (
                "the publisher does not acknowledge 1 message of xqc, which waits on disk"
            )
            assert seen.since_ms == NOON_MS
    assert levels == {
        29: Level.OK, 31: Level.OK, 35: Level.OK, 36: WARNING, 119: WARNING, 121: PROBLEM,
    }  # fmt: skip


def test_a_backlog_that_is_being_sent_is_no_trouble(observer: Observer) -> None:
    """After an outage, all of it is old, and the publisher acknowledges it as fast as it can."""
    old: dict[str, Any] = {"received": 9000, "oldest_waiting_ms": NOON_MS}
    observer.see(healthy(300, readers=two(waiting=9000, **old)))
    sent = healthy(301, readers=two(waiting=5000, acknowledged=4000, **old))
    assert observer.see(sent).sentence == (
        "2 of 2 channels, 0 messages/s, 5,000 wait on disk, nothing lost"
    )
    stands = [
        observer.see(healthy(after_s, readers=two(waiting=5000, acknowledged=4000, **old)))
        for after_s in (305, 312, 318)
    ]
    assert [seen.level for seen in stands] == [Level.OK, Level.OK, Level.PROBLEM]
    assert stands[2].sentence.startswith("the publisher does not acknowledge 5,000 messages")


def test_kafka_that_confirms_a_backlog_is_not_said_to_confirm_nothing(observer: Observer) -> None:
    """What has waited for it since the outage is old."""
    observer.see(unconfirmed(60))
    some = publisher(
        turned_ms=NOON_MS + 61_000,
        taken=7,
        published={"chat": 3},
        unconfirmed=4,
        oldest_unconfirmed_ms=NOON_MS,
        # It has not noticed yet.
        problem="Kafka can be reached, but confirms nothing",
    )
    seen = observer.see(healthy(61, publisher=some))
    assert seen.sentence.startswith("Kafka confirms slowly: a record has waited 1 minute for it;")


@pytest.mark.parametrize(
    ("before", "after", "text"),
    [
        (
            healthy(),
            healthy(60, readers=two(received=7, dropped={"overflowed": 7})),
            "7 messages of xqc were given up in the last hour (overflowed)",
        ),
        (
            healthy(),
            healthy(60, readers=two(gaps=1, waiting=1, gaps_by_reason={"startup": (1, 90_000)})),
            "gap records of the last hour cover 1 minute, of xqc",
        ),
        (
            healthy(),
            healthy(
                60,
                publisher=publisher(
                    turned_ms=NOON_MS + 60_000, taken=1, dead_letters={"MSG_SIZE_TOO_LARGE": 1}
                ),
            ),
            "Kafka has refused 1 record for good in the last hour (MSG_SIZE_TOO_LARGE)",
        ),
    ],
)
def test_what_happened_in_the_last_hour_is_told_for_an_hour(
    observer: Observer, before: Host, after: Host, text: str
) -> None:
    """And not longer."""
    assert observer.see(before).findings == []
    assert [finding.text for finding in observer.see(after).findings] == [text]
    for minute in range(2, 70, 2):
        later = _at(after, minute * 60)
        is_told = [finding.text for finding in observer.see(later).findings] == [text]
        assert is_told == (minute <= 60)
    assert observer.see(_at(after, 4300)).findings == []


def test_a_reader_that_hangs_is_in_no_channel(observer: Observer) -> None:
    """Its page says so, but that is old. A publisher that hangs knows nothing of Kafka."""
    assert observer.see(reader_hangs(40)).totals.in_channel == 2
    seen = observer.see(reader_hangs(41))
    assert seen.totals.in_channel == 1
    assert (seen.channels[0].channel, seen.channels[0].state) == ("xqc", "hangs")
    hangs = observer.see(healthy(52, publisher=publisher(turned_ms=NOON_MS + 41_000)))
    assert hangs.publisher is not None
    assert (hangs.publisher.state, hangs.publisher.kafka_is_reachable) == ("hangs", None)


def test_what_people_do_not_want_recorded_is_not_lost(observer: Observer) -> None:
    """Neither for the sentence nor for the channel."""
    observer.see(healthy(readers=two()))
    seen = observer.see(healthy(60, readers=two(opted_out=5)))
    assert seen.findings == []
    assert seen.sentence.endswith("nothing lost")
    assert [channel.dropped for channel in seen.channels] == [0, 0]


def test_what_was_counted_before_the_first_look_is_not_new(observer: Observer) -> None:
    """Nobody knows when it happened."""
    old = healthy(readers=two(received=7, dropped={"overflowed": 7}))
    assert observer.see(old).findings == []
    assert observer.see(old).sentence.endswith("nothing lost in the last hour")


def _at(seen: Host, after_s: float) -> Host:
    """Return *seen* at another moment, with processes that work then."""
    at_ms = NOON_MS + round(after_s * 1000)
    for page in (seen.publisher, seen.auth):
        if page:
            page.status.turned_ms = at_ms
    for reader_page in seen.readers.values():
        reader_page.status.written_ms = at_ms
    return replace(seen, at_ms=at_ms)


def test_a_page_that_cannot_be_read_is_mentioned_if_it_stays(observer: Observer) -> None:
    """One that is just being created is whole a moment later."""
    unreadable = {"reader-shroud": "var/status/reader-shroud: it is no status page"}
    assert observer.see(healthy(unreadable=unreadable)).findings == []
    seen = observer.see(healthy(6, unreadable=unreadable))
    assert seen.sentence == (
        "the status page of reader-shroud cannot be read: var/status/reader-shroud: it is no"
        " status page"
    )
    assert [row.state for row in seen.channels if row.channel == "shroud"] == ["unknown"]


def test_a_page_of_auth_that_cannot_be_read_is_told_once(observer: Observer) -> None:
    """Its login is not known either, for the same reason."""
    unreadable = {"auth": "var/status/auth: it is no status page"}
    for after_s in (0, 6):
        seen = observer.see(healthy(after_s, auth=None, unreadable=unreadable))
    (finding,) = seen.findings
    assert finding.text.startswith("the status page of auth cannot be read")


def test_an_odd_page_that_was_left_is_no_row(observer: Observer) -> None:
    """supervisord has no such reader: the page is told of, and makes nothing unready."""
    programs = supervised(publisher="RUNNING")
    unreadable = {"reader-gone": "it has version 9, not 1", "auth": "it has version 9, not 1"}
    for after_s in (0, 6):
        left = host(
            after_s,
            publisher=publisher(turned_ms=NOON_MS + after_s * 1000),
            programs=programs,
            unreadable=unreadable,
        )
        seen = observer.see(left)
    assert (seen.channels, seen.login) == ([], None)
    (finding,) = seen.findings
    assert finding.text.startswith("the status pages of auth and reader-gone cannot be read")
    assert set(ready(left).values()) == {OK}


def test_since_when_something_is_wrong_stays(observer: Observer) -> None:
    """Until it is right again."""
    readers = two(runs=False)
    assert observer.see(healthy(1, readers=readers)).since_ms == NOON_MS + 1000
    assert observer.see(healthy(9, readers=readers)).since_ms == NOON_MS + 1000
    assert observer.see(healthy(10)).since_ms == NOON_MS + 10_000
    assert observer.see(healthy(12, readers=readers)).since_ms == NOON_MS + 12_000


def test_a_reader_that_supervisord_has_just_started_is_no_problem(observer: Observer) -> None:
    """It is one if it has no page after half a minute."""
    running = programs()
    levels = []
    for after_s in (0, 29, 31):
        seen = observer.see(healthy(after_s, readers={"forsen": reader()}, programs=running))
        levels.append((_row_level(seen, "xqc"), seen.level))
    assert levels == [(WARNING, Level.OK), (WARNING, Level.OK), (PROBLEM, PROBLEM)]


def test_a_page_that_was_left_is_no_row_but_its_books_count(observer: Observer) -> None:
    """The channel is not read any more; what it received is still on disk."""
    programs = supervised(publisher="RUNNING", auth="RUNNING", forsen="RUNNING")
    left = two(runs=False, received=3, waiting=3)
    seen = observer.see(healthy(readers=left, programs=programs))
    assert [row.channel for row in seen.channels] == ["forsen"]
    assert (seen.level, seen.totals.channels, seen.totals.waiting) == (Level.OK, 1, 3)


def _row_level(seen: Snapshot, channel: str) -> Level:
    return next(row.level for row in seen.channels if row.channel == channel)


@pytest.mark.parametrize("program", ["publisher", "auth"])
def test_what_was_stopped_can_be_started_from_anywhere(observer: Observer, program: str) -> None:
    """The advice has the folder of this installation; no log line says why somebody stopped it."""
    states = dict.fromkeys(("publisher", "auth", "xqc", "forsen"), "RUNNING") | {program: "STOPPED"}
    ended: Any = {"publisher": publisher(runs=False)} if program == "publisher" else {}
    ended = ended or {"auth": auth(runs=False, login="somebody", is_valid=True)}
    (finding,) = observer.see(healthy(programs=supervised(**states), **ended)).findings
    _, command, _ = finding.advice.split("`")
    assert command.startswith(f"cd {shlex.quote(str(Path.cwd()))} && ")
    assert command.endswith(f"supervisorctl -c supervisord.conf start {program}")


def test_since_when_a_process_does_not_run_is_known_to_a_younger_monitor(
    observer: Observer,
) -> None:
    """Since it told about itself last; also when supervisord says later that it was stopped."""
    ended = {"readers": {"xqc": reader(runs=False)}, "publisher": publisher(runs=False)}
    first = observer.see(host(600, **ended))
    stopped = supervised(publisher="STOPPED", xqc="STOPPED")
    then = observer.see(host(605, programs=stopped, **ended))
    for seen in (first, then):
        assert seen.publisher is not None
        assert seen.publisher.state_since_ms == seen.channels[0].state_since_ms == NOON_MS


def test_no_reader_is_connected_to_a_publisher_that_has_ended(observer: Observer) -> None:
    """Its page still has the figures of its last moment."""
    seen = observer.see(healthy(publisher=publisher(runs=False, readers=2)))
    assert seen.publisher is not None
    assert seen.publisher.readers == 0
