"""What is seen of a whole service under supervisord, while things go wrong."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from monitor.collection.collector import Collector
from monitor.collection.health import live, ready
from monitor.collection.observer import Observer
from monitor.collection.snapshot import Channel, Level, Snapshot
from monitor.metrics.text import metrics_text
from simulator.background import BackgroundChatServer
from tests.end_to_end.supervised_service import SupervisedService, prepare
from tests.processes import StartProcess, wait_for


@pytest.fixture
def folder(short_folder: Path, twitch: BackgroundChatServer) -> Path:
    """Return a folder for supervisord with the channels xqc and forsen."""
    prepare(short_folder, chat_port=twitch.port, channels="xqc\nforsen\n")
    return short_folder


@pytest.fixture
def observer(folder: Path) -> Observer:
    """Return an observer of the service in *folder*."""
    return Observer(Collector(folder / "var", folder))


def test_a_killed_reader_is_seen_and_so_is_its_successor(
    processes: StartProcess, folder: Path, twitch: BackgroundChatServer, observer: Observer
) -> None:
    """Nothing is unaccounted for at any moment, and what was counted before the kill still is."""
    service = SupervisedService(processes, folder)
    _see(observer, "a service that works", _works)
    twitch.run(twitch.server.say("xqc", "before"))
    _see(observer, "the message", lambda seen: _row(seen, "xqc").received == 1)
    killed = service.programs()["reader-xqc"].pid
    # It would start the next one at once.
    service.supervisord.send(signal.SIGSTOP)
    os.kill(killed, signal.SIGKILL)
    seen = _see(observer, "the end", lambda seen: seen.level is Level.PROBLEM)
    assert seen.sentence == "the reader of xqc does not run"
    assert (seen.channels[0].channel, seen.channels[0].state) == ("xqc", "not running")
    service.supervisord.send(signal.SIGCONT)
    seen = _see(observer, "the next reader", _works)
    twitch.run(twitch.server.say("xqc", "after"))
    _see(observer, "both messages", lambda seen: _row(seen, "xqc").received == 2)
    _see(observer, "Kafka's confirmation", lambda seen: _row(seen, "xqc").waiting == 0)


def test_a_publisher_that_hangs_is_seen(
    processes: StartProcess, folder: Path, observer: Observer
) -> None:
    """A restart would help, so the host is not live; it is ready again afterwards."""
    service = SupervisedService(processes, folder)
    _see(observer, "a service that works", _works)
    # Readers may run before auth does.
    wait_for(lambda: set(ready(observer.collect()).values()) == {"ok"}, 60, "the host to be ready")
    assert set(live(observer.collect()).values()) == {"ok"}
    publisher = service.programs()["publisher"].pid
    os.kill(publisher, signal.SIGSTOP)
    seen = _see(observer, "a publisher that hangs", lambda seen: seen.level is Level.PROBLEM)
    assert seen.sentence.startswith("the publisher hangs")
    assert seen.publisher is not None
    assert (seen.publisher.state, seen.publisher.kafka_is_reachable) == ("hangs", None)
    host = observer.collect()
    assert re.match(r"it hangs for \d\d", live(host)["publisher"])
    assert re.match(r"it hangs for \d\d", ready(host)["publisher"])
    assert "twitch_ingestion_kafka_reachable 0\n" in metrics_text(host, per_channel=True)
    assert live(host)["supervisord"] == "ok"
    os.kill(publisher, signal.SIGCONT)
    _see(observer, "a publisher that works", lambda seen: seen.level is Level.OK)
    assert set(live(observer.collect()).values()) == {"ok"}


def test_a_reader_that_hangs_is_seen(
    processes: StartProcess, folder: Path, observer: Observer
) -> None:
    """It is in no channel until it works again."""
    service = SupervisedService(processes, folder)
    _see(observer, "a service that works", _works)
    reader = service.programs()["reader-xqc"].pid
    os.kill(reader, signal.SIGSTOP)
    seen = _see(observer, "a reader that hangs", lambda seen: _row(seen, "xqc").state == "hangs")
    assert seen.sentence == "the reader of xqc hangs"
    assert seen.totals.in_channel == 1
    assert ready(observer.collect())["channels"] == "ok"  # one of two may be absent
    os.kill(reader, signal.SIGCONT)
    _see(observer, "a reader that works", _works)


def test_what_a_person_stops_is_no_problem(
    processes: StartProcess, folder: Path, observer: Observer
) -> None:
    """It is a warning, with how to start it again."""
    service = SupervisedService(processes, folder)
    _see(observer, "a service that works", _works)
    service.control("stop", "reader-forsen:*")
    seen = _see(
        observer, "the stopped reader", lambda seen: _row(seen, "forsen").state == "stopped"
    )
    assert seen.level is Level.WARNING
    assert seen.sentence == "the reader of forsen was stopped"
    assert "channels apply" in seen.findings[0].advice


def _works(seen: Snapshot) -> bool:
    in_session = seen.publisher is not None and seen.publisher.session != ""
    return in_session and seen.sentence.startswith("2 of 2 channels")


def _row(seen: Snapshot, channel: str) -> Channel:
    return next(row for row in seen.channels if row.channel == channel)


def _see(observer: Observer, what: str, is_seen: Callable[[Snapshot], bool]) -> Snapshot:
    """Observe until *is_seen*; return what was seen then."""
    newest: list[Snapshot] = []

    def seen() -> Snapshot | None:
        newest[:] = [observer.observe()]
        assert newest[0].totals.unaccounted == 0, newest[0]
        return newest[0] if is_seen(newest[0]) else None

    try:
        return wait_for(seen, 60, what)
    except TimeoutError as error:
        error.add_note(str(newest))
        raise
