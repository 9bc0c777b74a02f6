"""`top` as a person uses it: in a terminal, with keys, signals and sizes."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgspec
import pytest

from monitor.collection.snapshot import Level, Snapshot
from tests.monitor.answering import answering, response
from tests.monitor.snapshots import channel, finding, snapshot
from tests.monitor.terminal.terminal import Terminal, terminal
from tests.ports import free_port
from tests.process_table import is_stopped
from tests.processes import wait_for

TOP = [sys.executable, "-m", "twitch_ingestion", "top"]

#: The cursor and what the terminal showed before.
_GIVEN_BACK = b"\x1b[?25h\x1b[?1049l"

#: The names sort in another order than their rates.
_ROWS = [channel(f"channel_{n:03}", messages_per_s=float(n * 7 % 200)) for n in range(200)]
_BANNED = channel("zoe", level=Level.PROBLEM, state="pausing", problem="zoe is banned")


def _many() -> Snapshot:
    return snapshot(
        *_ROWS,
        _BANNED,
        level=Level.PROBLEM,
        sentence="zoe is not in its channel",
        findings=[finding("zoe is not in its channel", advice="Remove it.")],
    )


@contextmanager
def _top(
    folder: Path, *hosts: Snapshot, columns: int = 120, lines: int = 30, **more: str
) -> Iterator[Terminal]:
    """Run `top` in a terminal over *hosts*, by default one with many channels."""
    with ExitStack() as stack:
        own, *peers = (
            str(stack.enter_context(answering(response(msgspec.json.encode(host)))).address)
            for host in hosts or [_many()]
        )
        environment = {"MONITOR_BIND": own, "MONITOR_PEERS": ",".join(peers), **more}
        with terminal(TOP, environment, folder, columns=columns, lines=lines) as shown:
            yield shown


def _names(shown: str) -> list[str]:
    """Return the channels of the rows on a screen, from top to bottom."""
    lines = shown.splitlines()
    [titles] = (number for number, line in enumerate(lines) if "CHANNEL" in line)
    start = lines[titles].index("CHANNEL")
    return [line[start:].split()[0] for line in lines[titles + 1 : -1] if line[start:]]


def test_it_shows_problems_first_and_ends_on_q(tmp_path: Path) -> None:
    """The terminal is then as it was."""
    with _top(tmp_path) as top:
        before = top.settings()
        shown = top.wait_for("channel_000")
        assert shown.startswith("!! zoe is not in its channel (for 1 min)  Remove it.")
        assert _names(shown)[:2] == ["zoe", "channel_000"]
        assert top.settings() != before
        top.press("q")
        assert top.end() == 0
        assert top.settings() == before
        assert top.written.rstrip().endswith(_GIVEN_BACK)


def test_keys_scroll_sort_reverse_and_filter(tmp_path: Path) -> None:
    """As the last line says."""
    with _top(tmp_path) as top:
        top.wait_for("channel_000")
        top.press("\x1b[6~")
        top.wait(lambda shown: "channel_000" not in shown, "the next page")
        top.press("\x1b[F")
        top.wait_for("channel_199")
        top.press("\x1b[H")
        top.wait_for("channel_000")
        top.press("\x1b[B")
        top.wait(lambda shown: _names(shown)[:2] == ["channel_000", "channel_001"], "a row down")
        top.press("s")  # by name
        top.wait(lambda shown: _names(shown)[0] == "channel_000", "sorted by name")
        top.press("r")
        top.wait(lambda shown: _names(shown)[:2] == ["zoe", "channel_199"], "names reversed")
        top.press("s")  # by rate, the highest first
        top.wait(lambda shown: _names(shown)[0] == "channel_057", "sorted by messages per second")
        top.press("/L_19")
        top.wait_for("filter: L_19_")
        top.wait(lambda shown: len(_names(shown)) == 10, "ten channels")
        top.press("\r")
        top.wait_for("10 with 'L_19'")
        top.press("\x1b")
        top.wait(lambda shown: len(_names(shown)) > 10, "all channels")
        top.press("q")
        assert top.end() == 0


@pytest.mark.parametrize(("columns", "lines"), [(30, 8), (60, 12), (200, 60)])
def test_it_follows_the_size_of_the_terminal(tmp_path: Path, columns: int, lines: int) -> None:
    """Narrow ones lack columns. The state and the name of a channel are always there."""
    with _top(tmp_path) as top:
        top.wait_for("channel_000")
        top.resize(columns, lines)
        is_wide = columns > 120
        shown = top.wait(
            lambda shown: (
                "STATE" in shown
                and ("zoe is banned" in shown) == is_wide
                and len(shown.splitlines()) == lines
            ),
            "a new size",
        )
        assert _names(shown)[0] == "zoe"
        assert ("CONNECTS" in shown) == is_wide
        assert shown.splitlines()[-1].startswith("q quit")
        top.press("q")
        assert top.end() == 0


@pytest.mark.parametrize(
    ("number", "status"),
    [
        (signal.SIGTERM, -signal.SIGTERM),
        (signal.SIGHUP, -signal.SIGHUP),
        (signal.SIGINT, 130),
    ],
)
def test_a_signal_ends_it_and_restores_the_terminal(
    tmp_path: Path, number: signal.Signals, status: int
) -> None:
    """Whoever started it sees the signal."""
    with _top(tmp_path) as top:
        before = top.settings()
        top.wait_for("channel_000")
        if number is signal.SIGINT:
            top.press("\x03")
        else:
            top.send(number)
        assert top.end() == status
        assert top.settings() == before
        assert top.written.rstrip().endswith(_GIVEN_BACK)


def test_it_can_be_stopped_and_continued(tmp_path: Path) -> None:
    """Ctrl-Z gives the terminal back meanwhile."""
    with _top(tmp_path) as top:
        before = top.settings()
        top.wait_for("channel_000")
        top.press("\x1a")
        wait_for(lambda: is_stopped(top.process.pid), 20, "that it stops")
        assert top.settings() == before
        top.send(signal.SIGCONT)
        top.wait(lambda _: top.settings() != before, "that it takes the terminal")
        top.press("q")
        assert top.end() == 0


def test_it_says_that_the_monitor_has_gone(tmp_path: Path) -> None:
    """And goes on: the monitor may come back."""
    with ExitStack() as stack:
        own = ExitStack()
        server = own.enter_context(answering(response(msgspec.json.encode(_many()))))
        environment = {"MONITOR_BIND": str(server.address)}
        with own:
            top = stack.enter_context(terminal(TOP, environment, tmp_path))
            top.wait_for("channel_000")
        top.wait_for("cannot be reached: Connection refused")
        assert top.text().startswith("!! The monitor at ")
        top.press("q")
        assert top.end() == 0


def test_several_hosts_are_in_one_table(tmp_path: Path) -> None:
    """With a column for the host; two of one name are told apart; one that is gone is told."""
    other = snapshot(channel("other"), host="reader-2")
    twin = snapshot(channel("third"), host="reader-2")
    with _top(tmp_path, snapshot(channel("one")), other, twin) as top:
        shown = top.wait_for("third")
        assert "HOST" in shown
        assert "reader-1: 3 of 3 channels" in shown
        assert "in the channel  reader-2 (127.0.0.1:" in shown
        top.press("q")
        assert top.end() == 0


def test_no_terminal_obeys_what_others_have_written(tmp_path: Path) -> None:
    """Nor are there colours with NO_COLOR."""
    hostile = "\x1b]0;title\x07\x9b31m\u202edrow\r\n\x1b[2J"
    host = snapshot(
        channel("xqc", level=Level.PROBLEM, state=hostile, problem=hostile),
        host=hostile,
        level=Level.PROBLEM,
        sentence=hostile,
        findings=[finding(hostile + "2", advice=hostile)],
    )
    with _top(tmp_path, host, snapshot(), columns=200, NO_COLOR="1") as top:
        top.wait_for("xqc")
        top.press("q")
        assert top.end() == 0
    for code in (b"\x1b]0;", b"\x07", "\x9b".encode(), "\u202e".encode(), b"\x1b[31m", b"[1;31m"):
        assert code not in top.written, code


def test_on_a_dumb_terminal_it_prints_once(tmp_path: Path) -> None:
    """As on a terminal that can only add lines."""
    with _top(tmp_path, TERM="dumb") as top:
        assert top.end() == 1
        assert b"\x1b" not in top.written
        assert top.written.count(b"channel_") == 200


def test_nothing_listens(tmp_path: Path) -> None:
    """The terminal is not touched."""
    environment = {"MONITOR_BIND": f"127.0.0.1:{free_port()}"}
    with terminal(TOP, environment, tmp_path) as top:
        assert top.end() == 1
        assert "cannot be reached: Connection refused." in top.text()
        assert "supervisorctl -c supervisord.conf status monitor" in top.text().replace("\n", "")
        assert b"1049" not in top.written
    assert os.listdir(tmp_path) == []
