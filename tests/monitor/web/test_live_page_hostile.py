"""Markup in whatever comes from Twitch, from status pages and from peers is only shown."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from common.status.publisher_status import BrokerFigures, KafkaFigures
from common.status.reader_status import ReaderState, ShownGap
from common.unix_time import unix_ms
from monitor.collection.snapshot import Gap, Level, Login, Snapshot
from tests.monitor.snapshots import channel, finding, publisher, snapshot
from tests.monitor.status_pages import status_pages
from tests.monitor.web.live_page import WITHIN_S, LivePage
from tests.monitor.web.monitors import start_monitor
from tests.processes import StartProcess, wait_for

MARKUP = "<img src=x onerror='window.wasRun=1'><script>window.wasRun=2</script>&lt;b&gt;"

#: Whether something of the markup has become an element, or was run.
_DAMAGE = """
const elements = document.querySelectorAll("main img, main script, main b:not([data-place])");
return [window.wasRun ?? null, elements.length, document.scripts.length];
"""


@contextmanager
def _peer(hosts: Iterator[Snapshot]) -> Iterator[str]:
    """Yield the address of another monitor that responds with the next of *hosts* each time."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = msgspec.json.encode(next(hosts))
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *_: object) -> None:  # noqa: A002
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever).start()
        try:
            yield f"127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


def _hostile_hosts() -> Iterator[Snapshot]:
    """Yield snapshots with markup at every text; figures change from one to the next."""
    host = snapshot(
        channel(MARKUP, state=MARKUP, problem=MARKUP, level=Level.PROBLEM),
        host=MARKUP,
        sentence=MARKUP,
        level=Level.PROBLEM,
        findings=[finding(MARKUP, advice=MARKUP), finding(f"{MARKUP} more")],
        publisher=publisher(
            state=MARKUP, problem=MARKUP, session=MARKUP, kafka_brokers=MARKUP, delivery=MARKUP
        ),
        login=Login(Level.PROBLEM, MARKUP, 1, False, MARKUP),
        last_gaps=[Gap(MARKUP, 1, 2, MARKUP)],
    )
    number = 0
    while True:
        number += 1
        row = replace(host.channels[0], connects=number, problem=f"{MARKUP} {number}")
        problem = finding(f"{MARKUP} {number}", advice=MARKUP)
        yield replace(host, channels=[row], findings=[problem], at_ms=unix_ms())


@pytest.mark.parametrize("has_scripts", [False, True])
def test_markup_is_shown_as_text(
    live_page: LivePage, processes: StartProcess, short_folder: Path, *, has_scripts: bool
) -> None:
    """By the server as by the scripts; the browser has nothing to report."""
    with status_pages(short_folder / "var") as pages, _peer(_hostile_hosts()) as peer:
        gap = ShownGap(1, unix_ms(), MARKUP)
        pages.reader("kitchen", state=ReaderState.PAUSING, problem=MARKUP, last_gaps=[gap])
        broker = BrokerFigures(MARKUP, is_up=True)
        pages.publisher(problem=MARKUP, kafka_brokers=MARKUP, kafka=KafkaFigures(brokers=[broker]))
        pages.auth(login=MARKUP, problem=MARKUP)
        monitor = start_monitor(processes, {"MONITOR_PEERS": peer})
        url = f"http://{monitor.address}/"
        wait_for(lambda: _shows_peer(monitor.get("/").body), WITHIN_S, "the peer")
        live_page.browser.allow_scripts(are_allowed=has_scripts)
        if has_scripts:
            live_page.open(url)
            before = _numbers(live_page.browser.text())
            live_page.wait_until(
                lambda: _numbers(live_page.browser.text()) > before, "a later change"
            )
        else:
            live_page.browser.open(url)
        text = live_page.browser.text()
        assert text.count(MARKUP) > 15
        # The only script is the page's own.
        assert live_page.browser.run(_DAMAGE) == [None, 0, 1]
        assert live_page.browser.console() == []


def _numbers(text: str) -> list[int]:
    """Return the numbers that tell one snapshot of the peer from the next."""
    return [int(number) for number in re.findall(rf"{re.escape(MARKUP)} (\d+)", text)]


def _shows_peer(html: bytes) -> bool:
    return html.count(b"&lt;img src=x") > 15
