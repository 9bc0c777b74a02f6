"""`top --once` and `--json`, as a script uses them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from monitor.collection.formats import NONE
from monitor.collection.snapshot import Level, Login, Snapshot
from tests.monitor.answering import answering, response
from tests.monitor.snapshots import channel, publisher, snapshot
from tests.ports import free_port
from tests.processes import base_environment

_TOKEN = "a-token-of-this-test"
_HERE_AND_THERE = "\x1b[31m\x9b\u202e\x7f"


def _top(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "twitch_ingestion", "top", *arguments],
        cwd=folder,
        env=base_environment() | variables,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def _answer(host: Snapshot) -> bytes:
    return response(msgspec.json.encode(host))


@pytest.mark.parametrize("level", list(Level))
@pytest.mark.parametrize("arguments", [(), ("--once",), ("--json",)])
def test_the_status_says_whether_there_is_a_problem(
    tmp_path: Path, level: Level, arguments: tuple[str, ...]
) -> None:
    """A warning is none."""
    with answering(_answer(snapshot(level=level))) as own:
        finished = _top(tmp_path, *arguments, MONITOR_BIND=str(own.address))
    assert finished.returncode == (1 if level is Level.PROBLEM else 0)
    assert finished.stderr == ""


def test_all_rows_are_printed_in_plain_text(tmp_path: Path) -> None:
    """However long they are: they are meant for grep and awk."""
    problem = "a long reason " * 30
    rows = [channel(f"c{n:03}", problem=problem) for n in range(300)]
    with answering(_answer(snapshot(*rows))) as own:
        finished = _top(tmp_path, MONITOR_BIND=str(own.address), COLUMNS="40")
    assert "\x1b" not in finished.stdout
    lines = [line for line in finished.stdout.splitlines() if problem.strip() in line]
    assert [line.split()[3] for line in lines] == [row.channel for row in rows]


def test_what_is_not_known_is_not_told(tmp_path: Path) -> None:
    """Whether there is a login, if auth cannot read it; a queue's limit, before it is told."""
    login = Login(Level.WARNING, "", 0, False, "it cannot be read")
    host = snapshot(login=login, publisher=publisher(queue_limit_messages=0))
    with answering(_answer(host)) as own:
        printed = _top(tmp_path, MONITOR_BIND=str(own.address)).stdout
    assert "login: not known | it cannot be read" in printed
    assert f"queue {NONE} |" in printed


def test_json_is_the_snapshots_in_ascii(tmp_path: Path) -> None:
    """A terminal obeys none of it. The address of an own monitor's host may be all addresses."""
    hosts = [snapshot(channel(_HERE_AND_THERE), host="a"), snapshot(host="b")]
    with answering(_answer(hosts[0])) as own, answering(_answer(hosts[1])) as peer:
        finished = _top(
            tmp_path,
            "--json",
            MONITOR_BIND=f"0.0.0.0:{own.address.port}",
            MONITOR_PEERS=f"{peer.address}, {peer.address}",
            MONITOR_TOKEN=_TOKEN,
        )
    assert finished.stdout.isascii()
    assert "\x1b" not in finished.stdout
    assert msgspec.convert(json.loads(finished.stdout)["hosts"], list[Snapshot]) == hosts
    for server in (own, peer):
        [request] = server.requests
        assert f"\r\nAuthorization: Bearer {_TOKEN}\r\n".encode() in request
    assert _TOKEN not in finished.stdout + finished.stderr


def test_a_peer_that_does_not_answer_is_a_problem(tmp_path: Path) -> None:
    """The others are shown all the same."""
    peer = f"127.0.0.1:{free_port()}"
    with answering(_answer(snapshot(channel("xqc")))) as own:
        finished = _top(tmp_path, MONITOR_BIND=str(own.address), MONITOR_PEERS=peer)
    assert finished.returncode == 1
    assert f"!! {peer}: The monitor at {peer} cannot be reached" in finished.stdout
    assert "xqc" in finished.stdout


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (response(b"", status="401 Unauthorized"), "refuses MONITOR_TOKEN. Set MONITOR_TOKEN"),
        (response(b'{"version": 2}'), "Install the same version"),
        (response(b"hello"), "There is no monitor at"),
    ],
)
def test_an_error_says_what_to_do(tmp_path: Path, answer: bytes, expected: str) -> None:
    """It is the only output."""
    with answering(answer) as own:
        finished = _top(tmp_path, "--json", MONITOR_BIND=str(own.address), MONITOR_TOKEN=_TOKEN)
    assert (finished.returncode, finished.stdout) == (1, "")
    [line] = finished.stderr.splitlines()
    assert expected in line
    assert _TOKEN not in line


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (None, "cannot be read from var/status/monitor.address: No such file or directory."),
        ("", "var/status/monitor.address does not hold the monitor's address."),
        ("\x1b[31m" * 1000, "var/status/monitor.address does not hold the monitor's address."),
        ("[::]:1\n[::]:2", "var/status/monitor.address does not hold the monitor's address."),
    ],
)
def test_a_port_that_the_monitor_has_not_told(
    tmp_path: Path, content: str | None, expected: str
) -> None:
    """It is in a file while the monitor runs."""
    if content is not None:
        (tmp_path / "var" / "status").mkdir(parents=True)
        (tmp_path / "var" / "status" / "monitor.address").write_text(content)
    finished = _top(tmp_path, MONITOR_BIND="127.0.0.1:0")
    assert (finished.returncode, finished.stdout) == (1, "")
    assert expected in finished.stderr
    assert "\x1b" not in finished.stderr


def test_the_port_that_the_monitor_has_told(tmp_path: Path) -> None:
    """As with MONITOR_BIND=127.0.0.1:0."""
    (tmp_path / "var" / "status").mkdir(parents=True)
    with answering(_answer(snapshot(channel("xqc")))) as own:
        (tmp_path / "var" / "status" / "monitor.address").write_text(f"{own.address}\n")
        finished = _top(tmp_path, MONITOR_BIND="0.0.0.0:0")
    assert finished.returncode == 0
    assert "xqc" in finished.stdout


def test_an_older_character_set(tmp_path: Path) -> None:
    """What it has not is a question mark."""
    with answering(_answer(snapshot(channel("ü\N{GRINNING FACE}")))) as own:
        finished = _top(tmp_path, MONITOR_BIND=str(own.address), PYTHONIOENCODING="ascii:strict")
    assert (finished.returncode, finished.stderr) == (0, "")
    assert "??" in finished.stdout
