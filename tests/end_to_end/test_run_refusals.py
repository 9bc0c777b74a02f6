"""What `scripts/run` refuses, with a line that says why."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from tests.end_to_end.clones import make_clone, printed_address_and_topic
from tests.processes import StartProcess, started_processes, wait_for


def test_a_second_start_reports_that_the_first_one_runs(run: StartProcess) -> None:
    """In either mode, in one line, with a command that stops the first one."""
    script = run(["scripts/run", "--demo"])
    printed_address_and_topic(script)
    for arguments in (["--demo"], ["xqc"]):
        second = run(["scripts/run", *arguments])
        assert second.wait(timeout_s=60) == 1
        assert second.output().startswith("Already running in var/demo (process ")
    shutdown = second.output().partition("To stop it: ")[2].split()
    assert run(shutdown).wait(timeout_s=60) == 0
    assert script.wait(timeout_s=60) == 0


def test_of_two_starts_at_the_same_time_one_is_refused(run: StartProcess) -> None:
    """The other one is not disturbed."""
    scripts = [run(["scripts/run", "--demo"]) for _ in range(2)]
    wait_for(lambda: any(script.status is not None for script in scripts), 60, "a refusal")
    [refused] = [script for script in scripts if script.status is not None]
    [script] = [script for script in scripts if script is not refused]
    assert refused.status == 1
    [line] = refused.output().splitlines()
    assert re.match(r"Already (starting|running) in var/demo\b", line)
    printed_address_and_topic(script)
    assert script.stop(timeout_s=60) == 0


@pytest.mark.parametrize(
    ("folder", "line"),
    [
        ("a" * 90, "bytes too long for the Unix sockets in it"),
        ("a[x]b", "a[x]b/var/run has one of the characters [, * and ? in its path"),
    ],
    ids=["long", "pattern"],
)
def test_an_impossible_place_is_refused(short_folder: Path, folder: str, line: str) -> None:
    """Before anything is started, with a line that says why."""
    clone = make_clone(short_folder / folder)
    with started_processes(clone) as start:
        script = start(["scripts/run", "xqc"], {"PIP_NO_INDEX": "1"})
        assert script.wait(timeout_s=60) == 78
        assert line in script.output()
        assert "spawned" not in script.output()


def test_a_wrong_env_is_refused(run: StartProcess, clone: Path) -> None:
    """With one line, before anything is started."""
    (clone / ".env").symlink_to("nowhere")
    script = run(["scripts/run", "xqc"])
    assert script.wait(timeout_s=60) == 78
    [line] = script.output().splitlines()
    assert f"{clone}/.env cannot be read (it is a link to nowhere," in line


@pytest.mark.parametrize(
    ("arguments", "status", "line"),
    [
        ([], 2, "scripts/run --demo"),
        (["--nonsense"], 2, "scripts/run --demo"),
        (["--demo", "xqc"], 2, "scripts/run --demo"),
        (["--help"], 0, "scripts/run --demo"),
        (["xqc", "foo-bar", "a,b"], 2, "'foo-bar' is not a channel"),
    ],
)
def test_nothing_is_installed_for_help_or_wrong_arguments(
    run: StartProcess, clone: Path, arguments: list[str], status: int, line: str
) -> None:
    """They are answered at once, in a clone without an environment too."""
    (clone / ".venv").rename(clone / "elsewhere")
    script = run(["scripts/run", *arguments], {"PYTHON": sys.executable})
    assert script.wait(timeout_s=60) == status
    assert line in script.output()
    assert ("'a,b' is not a channel" in script.output()) == ("a,b" in arguments)
    assert not (clone / ".venv").exists()
