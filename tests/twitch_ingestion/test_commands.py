"""The command `twitch-ingestion`: what it prints, completes, and passes on to a subcommand."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.processes import base_environment, run_to_end
from twitch_ingestion.commands import COMMANDS

SCRIPT = Path(sys.executable).with_name("twitch-ingestion")


def _run(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return run_to_end([SCRIPT, *arguments], folder)


def test_it_has_the_version_of_the_package(tmp_path: Path) -> None:
    """A person who reports a fault needs it."""
    finished = _run("--version", folder=tmp_path)
    assert finished.stdout == f"twitch-ingestion {version('twitch-ingestion-service')}\n"


def test_without_a_command_it_says_what_is_missing(tmp_path: Path) -> None:
    """And ends as argparse does."""
    finished = _run(folder=tmp_path)
    assert finished.returncode == 2
    assert "COMMAND" in finished.stderr


@pytest.mark.parametrize("command", [command.name for command in COMMANDS])
def test_every_command_has_help(tmp_path: Path, command: str) -> None:
    """The help is the command's own, and names it as it was typed."""
    finished = _run(command, "--help", folder=tmp_path)
    assert finished.returncode == 0
    assert finished.stdout.startswith(f"usage: twitch-ingestion {command}")


@pytest.mark.parametrize(
    "command",
    [
        *("auth login", "auth generate-token", "auth status", "auth revoke"),
        *("channels apply", "channels list", "channels check"),
        *("keys publisher", "keys readers", "keys authorize", "keys list", "keys revoke"),
    ],
)
def test_the_help_of_a_command_of_a_command_says_what_it_does(tmp_path: Path, command: str) -> None:
    """In a sentence, between the usage and the arguments."""
    finished = _run(*command.split(), "--help", folder=tmp_path)
    assert finished.stdout.split("\n\n")[1].rstrip().endswith("."), finished.stdout


@pytest.mark.parametrize(
    "arguments", [["--help"], ["tail", "--help"], ["check"], ["auth", "status"], ["keys", "list"]]
)
def test_a_reader_of_the_output_may_leave_early(tmp_path: Path, arguments: list[str]) -> None:
    """As `| head -1` does: there is no traceback."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing) as output:
        finished = subprocess.run(
            [SCRIPT, *arguments],
            cwd=tmp_path,
            # As at a prompt, output is buffered.
            env=base_environment() | {"PYTHONUNBUFFERED": ""},
            stdout=output,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )
    assert (finished.returncode, finished.stderr) == (1, "")


@pytest.mark.parametrize("command", [command.module for command in COMMANDS])
def test_every_module_is_a_command_itself(tmp_path: Path, command: str) -> None:
    """A module that did nothing under `python -m`, and said nothing, would look as if it worked."""
    module = command.removesuffix(".__main__")
    finished = run_to_end([sys.executable, "-m", module, "--help"], tmp_path)
    assert finished.returncode == 0
    assert finished.stdout.startswith(f"usage: python -m {module}")


@pytest.mark.parametrize(
    ("line", "completions"),
    [
        ("twitch-ingestion ", {command.name for command in COMMANDS}),
        ("twitch-ingestion dr", {"drain "}),
        ("twitch-ingestion keys auth", {"authorize "}),
        ("twitch-ingestion keys 'auth", {"authorize"}),
    ],
)
def test_the_shell_completes(tmp_path: Path, line: str, completions: set[str]) -> None:
    """argcomplete's protocol: the shell passes the line, and reads from descriptor 8."""
    output = tmp_path / "completions"
    request = {
        "_ARGCOMPLETE": "1",
        "_ARGCOMPLETE_IFS": "\n",
        "COMP_LINE": line,
        "COMP_POINT": str(len(line)),
        "_ARGCOMPLETE_STDOUT_FILENAME": str(output),
    }
    subprocess.run(
        [SCRIPT], cwd=tmp_path, env=base_environment() | request, timeout=60, check=False
    )
    found = set(output.read_text().split("\n")) if output.exists() else {""}
    assert completions <= found


@pytest.mark.parametrize("module", ["confluent_kafka", "requests", "argcomplete"])
def test_a_reader_imports_nothing_of_other_commands(tmp_path: Path, module: str) -> None:
    """It would take memory and time in each reader."""
    code = (
        "import runpy, sys; sys.argv = ['twitch-ingestion', 'reader', '#']\n"
        "try: runpy.run_module('twitch_ingestion', run_name='__main__')\n"
        f"finally: print({module!r} in sys.modules)"
    )
    finished = run_to_end([sys.executable, "-c", code], tmp_path)
    assert finished.returncode == 2, finished.stderr
    assert finished.stdout == "False\n"
