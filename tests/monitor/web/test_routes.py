"""What a running monitor responds to each request."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor.web.static_files import FOLDER
from tests.monitor.status_pages import StatusPages
from tests.monitor.web.monitors import Monitor, monitor_of, start_monitor
from tests.processes import StartProcess

_POLICY = {
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    "img-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
}

_PATHS = ("/", "/status.json", "/metrics", "/livez", "/readyz", "/healthz", "/static/page.js")


@pytest.fixture(scope="module")
def monitor() -> Iterator[Monitor]:
    """A monitor of a host with one channel."""
    with monitor_of("alpha") as monitor:
        yield monitor


def test_the_page_shows_the_channels(monitor: Monitor) -> None:
    """It is HTML that needs no script."""
    response = monitor.get("/")
    assert (response.status, response.header("content-type")) == (200, "text/html; charset=utf-8")
    assert b"alpha" in response.body


def test_the_snapshot_is_json(monitor: Monitor) -> None:
    """With a row for each channel."""
    response = monitor.get("/status.json")
    assert (response.status, response.header("content-type")) == (200, "application/json")
    assert [row["channel"] for row in json.loads(response.body)["channels"]] == ["alpha"]


def test_metrics_are_the_text_of_prometheus(monitor: Monitor) -> None:
    """In the version of the format that all of its versions read."""
    response = monitor.get("/metrics")
    expected = "text/plain; version=0.0.4; charset=utf-8"
    assert (response.status, response.header("content-type")) == (200, expected)
    assert b'twitch_ingestion_received_messages_total{channel="alpha"} 0\n' in response.body


def test_metrics_may_be_without_channels(processes: StartProcess, pages: StatusPages) -> None:
    """METRICS_PER_CHANNEL=false: nothing names a channel."""
    pages.reader("alpha", received=3, waiting=3)
    monitor = start_monitor(processes, {"METRICS_PER_CHANNEL": "false"})
    assert b"alpha" not in monitor.get("/metrics").body


@pytest.mark.parametrize("path", ["/", "/metrics", "/status.json"])
def test_what_is_large_is_compressed_for_who_accepts_it(monitor: Monitor, path: str) -> None:
    """Whoever asks for it, such as Prometheus, and nobody else."""
    packed, plain = monitor.get(path, {"Accept-Encoding": "gzip"}), monitor.get(path)
    assert packed.header("content-encoding") == "gzip"
    assert packed.header("content-length") == str(len(packed.body))
    assert plain.header("content-encoding") is None
    assert gzip.decompress(packed.body)[:9] == plain.body[:9]


def test_events_are_not_compressed(monitor: Monitor) -> None:
    """They would wait until there are enough of them."""
    monitor.headers["Accept-Encoding"] = "gzip"
    try:
        with monitor.events() as events:
            assert next(events)[0] == "all"
    finally:
        del monitor.headers["Accept-Encoding"]


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/healthz"])
def test_health_has_the_result_of_each_check(monitor: Monitor, path: str) -> None:
    """200 if all of them are "ok", else 503."""
    response = monitor.get(path)
    checks = json.loads(response.body)
    assert checks
    expected = 200 if set(checks.values()) == {"ok"} else 503
    assert (response.status, response.header("content-type")) == (expected, "application/json")


def test_a_reader_out_of_its_channel_is_not_ready_but_alive(
    processes: StartProcess, pages: StatusPages
) -> None:
    """Nothing that a restart does not help makes it not alive."""
    pages.reader("alpha", state="connecting")
    monitor = start_monitor(processes)
    assert (monitor.get("/livez").status, monitor.get("/readyz").status) == (200, 503)


def test_odd_files_keep_nothing_from_being_shown(
    processes: StartProcess, pages: StatusPages, short_folder: Path
) -> None:
    """Neither what is no page nor a page whose name is no text, or markup."""
    pages.reader("alpha")
    pages.reader("<b>markup")
    folder = short_folder / "var/status"
    content = (folder / "reader-alpha").read_bytes()
    Path(os.fsdecode(os.fsencode(folder / "reader-") + b"\xff\xfe")).write_bytes(content)
    (folder / "reader-beta").write_bytes(content[:100])
    (folder / "reader-folder").mkdir()
    os.mkfifo(folder / "reader-pipe")
    monitor = start_monitor(processes)
    assert [monitor.get(path).status for path in ("/", "/status.json", "/metrics")] == [200] * 3
    assert b"<b>markup" not in monitor.get("/").body
    with monitor.events() as events:
        assert [next(events)[0] for _ in range(2)] == ["all", "change"]
    assert "ERROR" not in monitor.process.output()


@pytest.mark.parametrize("path", sorted(FOLDER.iterdir()), ids=lambda path: path.name)
def test_the_files_of_the_page_are_served(monitor: Monitor, path: Path) -> None:
    """Each with a type that a browser takes with `nosniff`."""
    types = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
    response = monitor.get(f"/static/{path.name}")
    assert (response.status, response.body) == (200, path.read_bytes())
    assert (response.header("content-type") or "").startswith(types[path.suffix])


@pytest.mark.parametrize(
    "path",
    [
        *("/no-such-page", "/metrics/", "/static/", "/static/nothing.js", "/static/../app.py"),
        *("/static/%2e%2e/app.py", "/static/..%2fapp.py", "//example.com/", "/status.json/x"),
    ],
)
def test_an_unknown_path_is_not_found(monitor: Monitor, path: str) -> None:
    """In plain text. Nothing outside of the folder of the page's files is served."""
    response = monitor.get(path)
    assert (response.status, response.body) == (404, b"Not Found")
    assert response.header("content-type") == "text/plain; charset=utf-8"


@pytest.mark.parametrize("path", [*_PATHS, "/no-such-page", "/events"])
def test_every_response_has_the_headers_that_protect_it(monitor: Monitor, path: str) -> None:
    """A browser runs nothing but the page's own files, keeps nothing, and tells nobody."""
    response = monitor.get(path, method="HEAD")
    assert response.body == b""
    policy = response.header("content-security-policy") or ""
    assert set(policy.split("; ")) == _POLICY
    assert response.header("x-content-type-options") == "nosniff"
    assert response.header("cache-control") == "no-store"
    assert response.header("referrer-policy") == "no-referrer"
    assert response.header("server") is None


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "BREW"])
@pytest.mark.parametrize("path", ["/", "/livez", "/events"])
def test_nothing_can_be_changed(monitor: Monitor, method: str, path: str) -> None:
    """Only GET and HEAD are there."""
    response = monitor.get(path, method=method)
    assert (response.status, response.header("allow")) == (405, "GET, HEAD")


def test_a_head_has_the_headers_of_the_get(monitor: Monitor) -> None:
    """And no body."""
    response = monitor.get("/static/icon.svg", method="HEAD")
    assert (response.status, response.body) == (200, b"")
    assert response.header("content-length") == str((FOLDER / "icon.svg").stat().st_size)
