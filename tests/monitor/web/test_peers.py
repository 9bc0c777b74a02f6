"""The snapshots of other hosts: real monitors, and what is none."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.monitor.answering import answering, response
from tests.monitor.status_pages import StatusPages
from tests.monitor.web.monitors import TOKEN, Monitor, monitor_of, start_monitor
from tests.processes import StartProcess, wait_for


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Monitor]:
    """A monitor with a token, of another host: in another folder, with the channel `beta`."""
    with monitor_of("beta", settings={"MONITOR_TOKEN": TOKEN}, folder=tmp_path) as monitor:
        yield monitor


def test_the_page_shows_all_hosts(
    processes: StartProcess, pages: StatusPages, other: Monitor
) -> None:
    """Hosts that have one name are told apart by their addresses."""
    pages.reader("alpha")
    monitor = _start(processes, str(other.address), token=TOKEN)
    hosts = _hosts(monitor)
    assert [host["host"] for host in hosts] == [
        hosts[0]["host"],
        f"{hosts[0]['host']} ({other.address})",
    ]
    assert [host["channels"][0]["channel"] for host in hosts] == ["alpha", "beta"]
    html = monitor.get("/").body
    assert b"alpha" in html
    assert b"beta" in html
    assert [row["channel"] for row in monitor.status()["channels"]] == ["alpha"]


def test_a_host_is_shown_once(processes: StartProcess, pages: StatusPages, other: Monitor) -> None:
    """Although it is there under two names, as a host with the same .env as all others is."""
    pages.reader("alpha")
    again = f"localhost:{other.address.port}"
    monitor = _start(processes, f"{other.address},{again}", token=TOKEN)
    assert [host["channels"][0]["channel"] for host in _hosts(monitor)] == ["alpha", "beta"]


def test_a_wrong_token_is_said(processes: StartProcess, pages: StatusPages, other: Monitor) -> None:
    """In the sentence of that host, with what to do."""
    pages.reader("alpha")
    monitor = _start(processes, str(other.address), token="another-token-0123456789")
    host = _hosts(monitor)[1]
    assert (host["host"], host["level"]) == (str(other.address), "problem")
    assert host["sentence"] == f"The monitor at {other.address} refuses MONITOR_TOKEN."
    assert "Set MONITOR_TOKEN" in host["findings"][0]["advice"]


def test_a_peer_that_ends_becomes_a_problem_and_comes_back(
    processes: StartProcess, pages: StatusPages, other: Monitor
) -> None:
    """Its channels go, its name stays, and it is said since when it does not respond."""
    pages.reader("alpha")
    monitor = _start(processes, str(other.address), token=TOKEN)
    with monitor.events() as events:
        # The first event does not wait for a peer that is slow to respond.
        name = _next_with(events, "ok")["host"]
        other.process.stop()
        gone = _next_with(events, "problem")
        assert (gone["host"], gone["gone"], gone["channels"]) == (name, ["beta"], [])
        since = gone["since_ms"]
        assert _next_with(events, "problem")["since_ms"] == since


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"{}", b"[]", b"null", b"<html>", b"\xff\xfe", b'{"version":99}', b'{"version":1}'),
        b'{"version":' + b"[" * 100_000,
    ],
    ids=range(9),
)
def test_what_is_no_snapshot_is_a_problem_of_that_host(
    processes: StartProcess, pages: StatusPages, body: bytes
) -> None:
    """The rest is shown as ever."""
    pages.reader("alpha")
    with answering(response(body)) as peer:
        monitor = _start(processes, str(peer.address))
        own, host = _hosts(monitor)
    assert (host["host"], host["level"]) == (str(peer.address), "problem")
    assert [row["channel"] for row in own["channels"]] == ["alpha"]
    assert monitor.get("/").status == 200


def test_a_peer_that_hangs_delays_nothing(processes: StartProcess, pages: StatusPages) -> None:
    """Neither events nor the page, nor the end of the process."""
    pages.reader("alpha")
    with answering(b"", hangs=True) as peer:
        monitor = _start(processes, str(peer.address))
        with monitor.events() as events:
            moments = [next(events)[1]["hosts"][0]["at_ms"] for _ in range(6)]
            # Each event would come two seconds later.
            assert min(later - earlier for earlier, later in pairwise(moments)) < 2_500
            host = _next_with(events, "problem")
        assert host["sentence"].endswith("does not answer within 2 s.")

        def two_come_at_once() -> bool:
            # The first one could come at the end of what the events have asked.
            began = time.monotonic()
            assert [monitor.get("/").status for _ in range(2)] == [200, 200]
            return time.monotonic() - began < 1.5

        wait_for(two_come_at_once, 20, "pages that wait for nothing")
        assert monitor.process.stop(timeout_s=20) == 0


def test_the_token_goes_to_peers_in_a_header_only(
    processes: StartProcess, pages: StatusPages
) -> None:
    """A redirection is not followed, so it goes nowhere else."""
    pages.reader("alpha")
    with answering(response(b"")) as elsewhere:
        moved = response(b"", f"Location: http://{elsewhere.address}/", status="302 Found")
        with answering(moved) as peer:
            monitor = _start(processes, str(peer.address), token=TOKEN)
            assert _hosts(monitor)[1]["level"] == "problem"
            line, _, headers = peer.requests[0].partition(b"\r\n")
        assert elsewhere.requests == []
    assert line == b"GET /status.json HTTP/1.1"
    assert f"Authorization: Bearer {TOKEN}".encode() in headers
    assert TOKEN not in Path(f"/proc/{monitor.process.pid}/cmdline").read_text()
    assert TOKEN not in monitor.process.output()


def test_hostile_names_stay_text(
    processes: StartProcess, pages: StatusPages, other: Monitor
) -> None:
    """A peer may say anything in every text of its snapshot."""
    markup = "<script>alert(1)</script>"
    snapshot = _with_texts(_snapshot_of(other), markup)
    pages.reader("alpha")
    with answering(response(json.dumps(snapshot).encode())) as peer:
        monitor = _start(processes, str(peer.address))
        host = _hosts(monitor)[1]
        html = monitor.get("/").body.decode()
    assert host["host"] == markup
    assert markup not in html
    assert "&lt;script&gt;" in html


def _start(processes: StartProcess, peers: str, token: str = "") -> Monitor:
    monitor = start_monitor(processes, {"MONITOR_PEERS": peers, "MONITOR_TOKEN": token})
    if token:
        monitor.headers["Authorization"] = f"Bearer {token}"
    return monitor


def _hosts(monitor: Monitor) -> list[dict[str, Any]]:
    """Return the hosts that a page gets when all have responded, or failed to."""
    with monitor.events() as events:
        for _, data in events:
            hosts: list[dict[str, Any]] = data["hosts"]
            if not any("not responded yet" in host["sentence"] for host in hosts):
                break
    with monitor.events() as events:
        everything: list[dict[str, Any]] = next(events)[1]["hosts"]
        return everything


def _next_with(events: Any, level: str) -> dict[str, Any]:
    """Return the peer in the next event in which it has *level*."""
    for _ in range(20):
        host: dict[str, Any] = next(events)[1]["hosts"][1]
        if host["level"] == level:
            return host
    raise AssertionError(f"no {level} came")


def _snapshot_of(monitor: Monitor) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    snapshot: dict[str, Any] = json.loads(monitor.get("/status.json", headers).body)
    return snapshot


def _with_texts(value: Any, text: str) -> Any:
    """Return *value* with *text* for all texts in it but levels."""
    if isinstance(value, dict):
        return {
            key: part if key == "level" else _with_texts(part, text) for key, part in value.items()
        }
    if isinstance(value, list):
        return [_with_texts(part, text) for part in value]
    return text if isinstance(value, str) else value
