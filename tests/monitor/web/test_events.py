"""The events that open pages get from a running monitor."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import pairwise
from typing import Any

import pytest

from common.status.reader_status import reader_page
from monitor.web.app import MOST_PAGES
from tests.monitor.status_pages import StatusPages
from tests.monitor.web.monitors import Monitor, private_kib, start_monitor
from tests.processes import StartProcess, wait_for

#: Channels: an event with all of them is about 200 KB.
_MANY = 500

Events = Iterator[tuple[str, Any]]


@pytest.fixture
def monitor(processes: StartProcess, pages: StatusPages) -> Monitor:
    """A monitor of a host with two channels."""
    pages.reader("alpha")
    pages.reader("beta")
    return start_monitor(processes)


def test_a_page_gets_everything_and_then_what_changes(monitor: Monitor, pages: StatusPages) -> None:
    """Of the channels, those that have changed, and the names of those that are gone."""
    with monitor.events() as events:
        kind, data = next(events)
        [host] = data["hosts"]
        assert (kind, host) == ("all", host | {"host": socket.gethostname()})
        assert [row["channel"] for row in host["channels"]] == ["alpha", "beta"]

        pages.reader("alpha", connects=7)
        changed = _change_with(events, "channels")
        assert {(row["channel"], row["connects"]) for row in changed["channels"]} == {("alpha", 7)}
        assert changed["gone"] == []

        pages.end_reader("beta")
        reader_page(pages.state_dir, "beta").unlink()
        assert _change_with(events, "gone")["gone"] == ["beta"]


def test_a_change_has_the_rest_of_the_snapshot(monitor: Monitor) -> None:
    """All but channels and history is sent each time: it is small."""
    snapshot = monitor.status()
    with monitor.events() as events:
        next(events)
        kind, data = next(events)
    assert kind == "change"
    assert data["hosts"][0].keys() == snapshot.keys() | {"gone"}


def test_figures_are_new_each_second(monitor: Monitor) -> None:
    """Each event is of another moment, about a second after the one before."""
    with monitor.events() as events:
        moments = [data["hosts"][0]["at_ms"] for _, data in (next(events) for _ in range(4))]
    steps = [later - earlier for earlier, later in pairwise(moments)]
    # Some of them may be later on a busy machine.
    assert 900 <= min(steps) < 5_000


def test_more_pages_than_can_be_open_are_refused(monitor: Monitor) -> None:
    """With 503, until one is closed. Metrics and health do not count."""
    with ExitStack() as stack:
        opened = [stack.enter_context(monitor.events()) for _ in range(MOST_PAGES)]
        response = monitor.get("/events")
        assert (response.status, response.header("retry-after")) == (503, "10")
        assert monitor.get("/livez").status == 200
        assert [next(events)[0] for events in opened] == ["all"] * MOST_PAGES
    wait_for(lambda: monitor.get("/events", method="HEAD").status == 200, 30, "a free place")
    wait_for(lambda: _can_open(monitor), 30, "a closed page to be noticed")


def test_a_page_that_takes_nothing_delays_nobody_and_keeps_no_memory(
    processes: StartProcess, pages: StatusPages
) -> None:
    """The others get an event each second, and what waits for it does not grow."""
    for number in range(_MANY):
        pages.reader(f"channel{number}")
    monitor = start_monitor(processes)
    with monitor.events() as events, ExitStack() as stack:
        next(events)
        for _ in range(5):
            slow = socket.socket()
            # So little that it is full with the first event.
            slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            slow.connect((monitor.address.host, monitor.address.port))
            stack.enter_context(slow).sendall(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        _next_moments(events, 3, pages)
        before = private_kib(monitor.process.pid)
        _next_moments(events, 5, pages)
        # Five pages do not take five events: these would be 5 MB.
        assert private_kib(monitor.process.pid) - before < 2_500


def test_it_stops_with_open_pages(monitor: Monitor) -> None:
    """At once, and each page sees the end of its events."""
    with ExitStack() as stack:
        opened = [stack.enter_context(monitor.events()) for _ in range(3)]
        for events in opened:
            next(events)
        assert monitor.process.stop(timeout_s=20) == 0
        # An end without the last chunk would raise.
        assert {kind for events in opened for kind, _ in events} <= {"change"}
    assert "Traceback" not in monitor.process.output()
    assert "ERROR" not in monitor.process.output()


def _can_open(monitor: Monitor) -> bool:
    try:
        with monitor.events() as events:
            return next(events)[0] == "all"
    except (AssertionError, http.client.HTTPException):
        return False


def _change_with(events: Events, name: str) -> dict[str, Any]:
    """Return the next change with something in *name*."""
    for _ in range(10):
        kind, data = next(events)
        assert kind == "change"
        host: dict[str, Any] = data["hosts"][0]
        if host[name]:
            return host
    raise AssertionError(f"nothing came in {name}")


def _next_moments(events: Events, count: int, pages: StatusPages) -> None:
    """Take *count* events, in each of which every channel is new."""
    for number in range(count):
        for channel in range(_MANY):
            pages.reader(f"channel{channel}", connects=number)
        next(events)
