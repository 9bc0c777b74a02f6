"""supervisord's own log lines, from a real supervisord with our extension."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.common.small_programs import configure, control, program, shell
from tests.processes import Process, StartProcess, wait_for, wait_for_line

_LINE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} (\w+) +supervisord: \S.*")

_SLEEPS = program("sleeper", "sleep 1000", exitcodes="3,78")
#: Ends with 0 on SIGTERM, which is none of its exitcodes.
_STOPS = program(
    "stopper",
    shell("trap 'exit 0' TERM; touch trapped; while :; do sleep 0.1; done"),
    exitcodes="3,78",
)
_STUBBORN = program("stubborn", shell("trap '' TERM; touch trapped; sleep 1000"), stopwaitsecs="1")


def run(
    processes: StartProcess,
    command: list[str],
    environment: Mapping[str, str] | None = None,
    *,
    traps: Path | None = None,
) -> Process:
    """
    Run *command*, a supervisord, until the program has started; then stop it.

    A program that traps SIGTERM has started once it says so in the folder *traps*.
    """
    supervisord = processes(command, environment)
    wait_for_line(supervisord, r"entered RUNNING", 60)
    if traps:
        wait_for((traps / "trapped").exists, 60, "the program's trap")
    assert supervisord.stop() == 0
    return supervisord


def test_an_orderly_day_has_no_warning(processes: StartProcess, short_folder: Path) -> None:
    """Its lines look as those of our programs. It may run as root."""
    supervisord = run(processes, configure(short_folder, _SLEEPS, _STOPS), traps=short_folder)
    lines = supervisord.output().splitlines()
    levels = {found[1] for line in lines if (found := _LINE.fullmatch(line))}
    assert levels == {"INFO"}
    assert [line for line in lines if not _LINE.fullmatch(line)] == []
    assert any("stopped: stopper (exit status 0)" in line for line in lines)
    assert any("spawned: 'sleeper'" in line for line in lines)
    assert any("received SIGTERM" in line for line in lines)


def test_what_is_not_orderly_keeps_its_level(processes: StartProcess, short_folder: Path) -> None:
    """A program that has to be killed, and an include of other files."""
    include = "[include]\nfiles=programs.conf\n"
    supervisord = run(processes, configure(short_folder, _STUBBORN, include), traps=short_folder)
    warnings = re.findall(r"WARNING supervisord: (.*)", supervisord.output())
    # supervisord may send the signal twice.
    assert {re.sub(r"[\d(/\"].*", "", line).strip() for line in warnings} == {
        "No file matches via include",
        "killing 'stubborn'",
        "stopped: stubborn",
    }


@pytest.mark.parametrize("where", ["environment", "file"])
def test_the_lines_are_json_if_the_programs_are(
    processes: StartProcess, short_folder: Path, where: str
) -> None:
    """Each line is one object. The .env beside supervisord.conf counts, as for the programs."""
    environment = {"LOG_FORMAT": "JSON"} if where == "environment" else {}
    if where == "file":
        (short_folder / ".env").write_text("LOG_FORMAT=json\nLOG_LEVEL=wrong\n")
    command = configure(short_folder, _SLEEPS)
    elsewhere = ["sh", "-c", 'cd / && exec "$@"', "sh", *command]
    supervisord = run(processes, elsewhere, environment)
    lines = [json.loads(line) for line in supervisord.output().splitlines()]
    assert {line["process"] for line in lines} == {"supervisord"}
    assert {line["level"] for line in lines} == {"info"}
    assert {"spawned", "stopped"} <= {line["message"].partition(":")[0] for line in lines}


@pytest.mark.parametrize("content", [b"LOG_FORMAT=yaml\n", b"\xff\xfe\0", b"=\n'"])
def test_a_wrong_settings_file_does_not_keep_supervisord_from_starting(
    processes: StartProcess, short_folder: Path, content: bytes
) -> None:
    """Its programs say what is wrong."""
    (short_folder / ".env").write_bytes(content)
    supervisord = processes(configure(short_folder, _SLEEPS))
    wait_for_line(supervisord, r"INFO +supervisord: success: sleeper entered RUNNING", 60)
    assert control(short_folder, "status").returncode == 0
