"""`top` with real monitors of real status pages."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from common.status.reader_status import ReaderState
from tests.monitor.status_pages import status_pages
from tests.monitor.terminal.terminal import terminal
from tests.monitor.web.monitors import TOKEN, monitor_of, start_monitor
from tests.processes import python_module, run_to_end, started_processes

_HOSTILE = "\x1b]0;title\x07\x9b31m\u202edrow"


@pytest.mark.parametrize("command", ["monitor", "monitor.terminal.top"])
def test_a_reader_that_has_ended_becomes_a_problem(tmp_path: Path, command: str) -> None:
    """Within a second or two. The port that the monitor has chosen is found."""
    arguments = ["top"] if command == "monitor" else []
    with status_pages(tmp_path / "var") as pages, started_processes(tmp_path) as processes:
        for channel in ("xqc", "shroud"):
            pages.reader(channel)
        pages.reader("zoe", state=ReaderState.PAUSING, problem=_HOSTILE)
        start_monitor(processes)
        with terminal(python_module(command, *arguments), {}, tmp_path) as top:
            top.wait_for("in the channel  xqc")
            pages.end_reader("xqc")
            top.wait(lambda shown: "!! not running" in shown, "the reader of xqc as a problem")
            top.press("q")
            assert top.end() == 0
        assert "drow" in top.written.decode()
        for code in ("\x1b]0;", "\x07", "\x9b", "\u202e"):
            assert code not in top.written.decode()


def test_a_token_is_needed_where_the_monitor_has_one(tmp_path: Path) -> None:
    """For this host and for its peers."""
    with (
        monitor_of("xqc", settings={"MONITOR_TOKEN": TOKEN}) as own,
        monitor_of("shroud", settings={"MONITOR_TOKEN": TOKEN}) as peer,
    ):
        settings = f"MONITOR_BIND={own.address}\nMONITOR_PEERS={peer.address}\n"
        top = [sys.executable, "-c", _WITHOUT_BIND, "top", "--json"]
        (tmp_path / ".env").write_text(settings)
        refused = run_to_end(top, tmp_path)
        assert refused.returncode == 1
        assert refused.stderr.count("wants a token, and MONITOR_TOKEN is not set.") == 2

        (tmp_path / ".env").write_text(f"{settings}MONITOR_TOKEN=another-{TOKEN}\n")
        refused = run_to_end(top, tmp_path)
        assert refused.stderr.count("refuses MONITOR_TOKEN.") == 2
        assert TOKEN not in refused.stderr

        (tmp_path / ".env").write_text(f"{settings}MONITOR_TOKEN={TOKEN}\n")
        (tmp_path / ".env").chmod(0o600)
        shown = run_to_end(top, tmp_path)
        assert shown.stderr == ""
        hosts = json.loads(shown.stdout)["hosts"]
        channels = [row["channel"] for host in hosts for row in host["channels"]]
        assert channels == ["xqc", "shroud"]
        assert len({host["host"] for host in hosts}) == 2


#: The environment of tests says where monitors listen, and takes precedence over .env.
_WITHOUT_BIND = (
    "import os, runpy; del os.environ['MONITOR_BIND'];"
    " runpy.run_module('twitch_ingestion', run_name='__main__')"
)
