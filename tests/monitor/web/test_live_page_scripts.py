"""The scripts of the page make the same texts as the server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from monitor.collection import formats
from monitor.collection.snapshot import Login
from monitor.web import sparkline, views
from tests.monitor.snapshots import NOON_MS, channel, publisher
from tests.monitor.web.live_page import LivePage
from tests.monitor.web.monitors import Monitor, monitor_of

_RATES = [0, 0.04, 0.25, 0.949, 0.96, 3, 9.94, 9.96, 12.5, 999.5, 12_345]
_BYTES = [0, 1023, 1024, 1536, 10_200, 34_567, 1 << 20, 5 << 30, 3 << 50]
_SECONDS = [None, 0, 0.0125, 0.1205, 0.9999, 1.25, 59, 59.97, 90, 7200, 100_000]
_MILLISECONDS = [-5, 0, 999, 1000, 61_000, 3_660_000, 90_000_000]
_BEFORE_MS = [0, 3_000, 150_000, 7_200_000, 5 * 86_400_000, -500, -65_000, NOON_MS]


@pytest.fixture(scope="module")
def monitor() -> Iterator[Monitor]:
    """Yield a monitor that serves the scripts."""
    with monitor_of() as running:
        yield running


def _called(page: LivePage, monitor: Monitor, module: str, function: str, calls: list[Any]) -> Any:
    """Return what *function* of the script *module* returns for each of *calls*."""
    page.browser.open(f"http://{monitor.address}/")
    script = """
    const [module, name, calls] = arguments;
    return import(`/static/${module}.js`)
      .then((found) => calls.map((call) => found[name](...call)));
    """
    return page.browser.run(script, module, function, calls)


@pytest.mark.parametrize(
    ("name", "values"),
    [("rate", _RATES), ("size", _BYTES), ("delay", _SECONDS), ("duration", _MILLISECONDS)],
)
def test_figures_read_the_same(
    live_page: LivePage, monitor: Monitor, name: str, values: list[Any]
) -> None:
    """Whoever has written them."""
    made = _called(live_page, monitor, "formats", name, [[value] for value in values])
    assert made == [getattr(formats, name)(value) for value in values]


@pytest.mark.parametrize("name", ["ago", "lasting"])
def test_times_read_the_same(live_page: LivePage, monitor: Monitor, name: str) -> None:
    """Past and future ones, and none."""
    calls = [[NOON_MS - before, NOON_MS] for before in _BEFORE_MS]
    made = _called(live_page, monitor, "formats", name, calls)
    assert made == [getattr(formats, name)(*call) for call in calls]


@pytest.mark.parametrize(
    ("name", "of", "view"),
    [
        (
            "channelView",
            channel("xqc", waiting=1204, dropped=3, problem="banned", gaps=2, gap_ms=63_000),
            views.channel_view,
        ),
        ("channelView", channel("xqc", delay_p50_s=None, delay_p99_s=None), views.channel_view),
        (
            "publisherView",
            publisher(unconfirmed=3, oldest_unconfirmed_ms=NOON_MS - 9_000, session=""),
            views.publisher_view,
        ),
        ("publisherView", publisher(kafka_is_reachable=None), views.publisher_view),
        ("loginView", Login("ok", "", 0, False, ""), views.login_view),  # type: ignore[arg-type]
        ("loginView", Login("ok", "", 0, False, "?"), views.login_view),  # type: ignore[arg-type]
        ("publisherView", publisher(queue_limit_messages=0), views.publisher_view),
    ],
)
def test_views_read_the_same(
    live_page: LivePage, monitor: Monitor, name: str, of: Any, view: Any
) -> None:
    """Each place that a script fills has the text of the server."""
    figures = json.loads(msgspec.json.encode(of))
    [made] = _called(live_page, monitor, "views", name, [[figures, NOON_MS]])
    wanted = {place: text.text for place, text in view(of, NOON_MS).items()}
    texts = {place: text if isinstance(text, str) else text["text"] for place, text in made.items()}
    assert texts == {place: wanted[place] for place in texts}
    assert wanted.keys() - texts.keys() <= {"last_message"}


def test_charts_look_the_same(live_page: LivePage, monitor: Monitor) -> None:
    """With holes, with one value, and with none."""
    series = [[0.0, 1.0, None, 0.5], [], [None, 3.0], [0.0, 0.0]]
    made = _called(live_page, monitor, "sparklines", "line", [[values] for values in series])
    assert made == [sparkline.line(values) for values in series]  # type: ignore[arg-type]
