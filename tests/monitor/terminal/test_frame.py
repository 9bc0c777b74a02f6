"""The screen of `top`, whatever a monitor says and however large the terminal is."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from monitor.collection.remote import MAX_NUMBER
from monitor.collection.snapshot import Level
from monitor.terminal.live import frame
from monitor.terminal.view import View
from tests.monitor.snapshots import channel, finding, publisher, snapshot

_TEXTS = st.text(max_size=60)
_NUMBERS = st.integers(-MAX_NUMBER, MAX_NUMBER)
_FRACTIONS = st.floats(-MAX_NUMBER, MAX_NUMBER)
_DELAYS = st.none() | _FRACTIONS
_LEVELS = st.sampled_from(Level)

_CHANNELS = st.builds(
    channel,
    _TEXTS,
    level=_LEVELS,
    state=_TEXTS,
    problem=_TEXTS,
    messages_per_s=_FRACTIONS,
    last_message_ms=_NUMBERS,
    delay_p50_s=_DELAYS,
    delay_p99_s=_DELAYS,
    waiting=_NUMBERS,
    outbox_bytes=_NUMBERS,
    gap_ms=_NUMBERS,
)
_FINDINGS = st.builds(finding, _TEXTS, _LEVELS, _TEXTS)
_PUBLISHERS = st.none() | st.builds(
    publisher, level=_LEVELS, state=_TEXTS, problem=_TEXTS, kafka_brokers=_TEXTS
)
_HOSTS = st.lists(
    st.builds(
        lambda rows, **more: snapshot(*rows, **more),
        st.lists(_CHANNELS, max_size=20),
        host=_TEXTS,
        at_ms=_NUMBERS,
        level=_LEVELS,
        sentence=_TEXTS,
        findings=st.lists(_FINDINGS, max_size=20),
        publisher=_PUBLISHERS,
    ),
    max_size=3,
)
_NAMED_KEYS = ["up", "down", "page up", "page down", "home", "end", "enter", "escape", "backspace"]
_KEYS = st.lists(st.sampled_from([*_NAMED_KEYS, *"/srq aZ\x01"]), max_size=10)


@given(_HOSTS, _KEYS, st.integers(1, 250), st.integers(1, 80))
def test_every_line_fits_and_is_only_text(
    hosts: list[Any], keys: list[str], width: int, height: int
) -> None:
    """There are as many lines as the terminal has, each as wide as it at most."""
    view = View()
    for key in keys:
        _, page = frame(hosts, view, width, height)
        view.press(key, page)
    lines, _ = frame(hosts, view, width, height)
    assert len(lines) == height
    for line in lines:
        assert line.plain.isprintable()
        assert cell_len(line.plain) <= width


def test_scrolling_ends_with_the_last_row() -> None:
    """Further keys do not leave the table empty, and one key up moves it at once."""
    hosts, view = [snapshot(*(channel(f"c{n:02}") for n in range(50)))], View()
    for key in ("end", "page down", "page down", "up"):
        _, page = frame(hosts, view, 80, 24)
        view.press(key, page)
    lines, page = frame(hosts, view, 80, 24)
    assert "c48" in lines[-2].plain
    assert 10 < page < 22


def test_many_findings_leave_room_for_the_table() -> None:
    """The line after the shown ones says how many there are besides."""
    findings = [finding(f"finding {n}") for n in range(100)]
    lines, page = frame([snapshot(channel("xqc"), findings=findings)], View(), 80, 24)
    [more] = (line.plain for line in lines if "more findings" in line.plain)
    shown = [line for line in lines if " finding " in line.plain]
    assert more.strip() == f"and {100 - len(shown)} more findings"
    assert page >= 8
