"""The live page of made-up status pages: keyboard, phone, night, no scripts, a lost connection."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from common.status.reader_status import ReaderState, ShownGap
from common.unix_time import unix_ms
from monitor.web.app import MOST_PAGES
from tests.monitor.status_pages import StatusPages, status_pages
from tests.monitor.web.live_page import ENTER, TAB, LivePage
from tests.monitor.web.monitors import Monitor, start_monitor
from tests.ports import free_port
from tests.processes import StartProcess

_OVERFLOW = "return [document.documentElement.scrollWidth, window.innerWidth]"
_COLOURS = "return getComputedStyle(document.body).backgroundColor"


@pytest.fixture
def pages(short_folder: Path) -> Iterator[StatusPages]:
    """Yield pages of three channels, one with a problem, and of a publisher."""
    with status_pages(short_folder / "var") as written:
        gap = ShownGap(unix_ms() - 90_000, unix_ms() - 60_000, "reconnected")
        written.reader("kitchen", received=7, acknowledged=8, gaps=1, last_gaps=[gap])
        written.reader("lounge", received=3, waiting=3, outbox_bytes=34_567)
        written.reader("speedrun", state=ReaderState.PAUSING, problem="the channel is suspended")
        written.publisher(taken=8, published={"chat": 8})
        written.auth(login="reading_bot", is_valid=True)
        yield written


@pytest.fixture
def port() -> int:
    """Return the port of the monitor."""
    return free_port()


@pytest.fixture
def monitor(pages: StatusPages, port: int, processes: StartProcess) -> Monitor:
    """Return a monitor that shows the pages."""
    assert pages.written
    return start_monitor(processes, {"MONITOR_BIND": f"127.0.0.1:{port}"})


@pytest.mark.usefixtures("monitor")
def test_it_is_used_with_the_keyboard_alone(live_page: LivePage, port: int) -> None:
    """Filter and sort; what has the focus keeps it when figures change."""
    live_page.open(f"http://127.0.0.1:{port}/")
    assert next(iter(live_page.rows())) == "speedrun"

    live_page.tab_to("filter")
    live_page.browser.press(*"SUSPend")
    assert list(live_page.rows()) == ["speedrun"]
    assert live_page.text_of("#shown") == "1 of 3"
    live_page.browser.run("document.getElementById('filter').value = ''")
    live_page.browser.press("k", "\ue003")  # backspace

    live_page.tab_to("Channel")
    live_page.browser.press(ENTER)
    assert list(live_page.rows()) == ["kitchen", "lounge", "speedrun"]
    live_page.browser.press(ENTER)
    assert list(live_page.rows()) == ["speedrun", "lounge", "kitchen"]
    sorted_by = "return document.querySelector('th[aria-sort]').outerHTML"
    assert 'aria-sort="descending"' in live_page.browser.run(sorted_by)
    live_page.browser.press(TAB)
    assert live_page.focused() != "Channel"
    outline = "return getComputedStyle(document.activeElement).outlineStyle"
    assert live_page.browser.run(outline) != "none"
    assert live_page.browser.console() == []


def test_order_and_filter_stay_when_rows_come_and_go(
    live_page: LivePage, monitor: Monitor, pages: StatusPages
) -> None:
    """A new channel takes its place."""
    live_page.open(f"http://{monitor.address}/")
    live_page.browser.click_at('th[data-sort="channel"] button')
    live_page.browser.click_at("#filter")
    live_page.browser.press(*"chen")
    pages.reader("a_second_kitchen")
    wanted = ["a_second_kitchen", "kitchen"]
    live_page.wait_until(lambda: list(live_page.rows()) == wanted, "the new channel")
    assert live_page.text_of("#shown") == "2 of 4"


@pytest.mark.parametrize("width", [360, 768, 1200])
def test_it_fits_any_width(live_page: LivePage, monitor: Monitor, width: int) -> None:
    """The page itself never scrolls sideways."""
    live_page.browser.show_at(width, 740)
    live_page.open(f"http://{monitor.address}/")
    needed, shown = live_page.browser.run(_OVERFLOW)
    assert needed <= shown
    assert "the channel is suspended" in live_page.text_of("#channel-rows")


def test_it_is_dark_at_night(live_page: LivePage, monitor: Monitor) -> None:
    """As the system says."""
    live_page.open(f"http://{monitor.address}/")
    light = live_page.browser.run(_COLOURS)
    live_page.browser.show_at(1200, 900, is_dark=True)
    assert live_page.browser.run(_COLOURS) != light


def test_without_scripts_everything_is_there(live_page: LivePage, monitor: Monitor) -> None:
    """As of the moment when it was loaded."""
    live_page.browser.allow_scripts(are_allowed=False)
    live_page.browser.open(f"http://{monitor.address}/")
    assert live_page.connection() == "still"
    assert live_page.rows() == {"speedrun": "warning", "kitchen": "ok", "lounge": "ok"}
    text = live_page.browser.text()
    for part in ("the channel is suspended", "3 (34 KiB)", "in session", "reading_bot", "30 s"):
        assert part in text
    assert not live_page.browser.run("return document.querySelector('.filter').offsetHeight")


def test_a_lost_connection_is_told_and_found_again(
    live_page: LivePage, monitor: Monitor, port: int, processes: StartProcess
) -> None:
    """The figures are said to be old until the monitor is back."""
    live_page.open(f"http://127.0.0.1:{port}/")
    monitor.process.stop(signal.SIGKILL)
    live_page.wait_until(lambda: live_page.connection() == "lost", "that the connection is lost")
    assert "The connection to the monitor is lost. All figures are from" in live_page.browser.text()
    assert live_page.browser.run("return document.title").startswith("? no connection")

    start_monitor(processes, {"MONITOR_BIND": f"127.0.0.1:{port}"})
    live_page.wait_until(lambda: live_page.connection() == "live", "the monitor again")
    assert "is lost" not in live_page.browser.text()


def test_a_page_that_gets_no_events_keeps_its_figures(
    live_page: LivePage, monitor: Monitor
) -> None:
    """A monitor sends events to so many pages only. As soon as there is room, the page is live."""
    with ExitStack() as others:
        for _ in range(MOST_PAGES):
            others.enter_context(monitor.events())
        live_page.browser.open(f"http://{monitor.address}/")
        live_page.wait_until(lambda: live_page.connection() == "lost", "that there are no events")
        assert live_page.rows().keys() == {"kitchen", "lounge", "speedrun"}
        text = live_page.browser.text()
        assert "reconnected" in text
        assert "No publisher runs" not in text
    live_page.wait_until(lambda: live_page.connection() == "live", "live figures")


def test_a_monitor_that_says_nothing_is_lost_too(live_page: LivePage, monitor: Monitor) -> None:
    """As when a cable is pulled out: no connection ends."""
    live_page.open(f"http://{monitor.address}/")
    monitor.process.send(signal.SIGSTOP)
    live_page.wait_until(lambda: live_page.connection() == "lost", "that the connection is lost")
    monitor.process.send(signal.SIGCONT)
    live_page.wait_until(lambda: live_page.connection() == "live", "the monitor again")
