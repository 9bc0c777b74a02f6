"""What a person on another system than Linux is told."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.processes import REPOSITORY, base_environment

_LINE = (
    "This runs on Linux only."
    " On macOS and Windows, use a Linux virtual machine, a container or WSL.\n"
)


@pytest.mark.parametrize("system", ["darwin", "win32"])
@pytest.mark.parametrize(
    ("imported", "called"),
    [
        ("twitch_ingestion.__main__", "main()"),
        ("common.arguments", "main_of('python -m readers', None, None)"),
    ],
    ids=["twitch-ingestion", "a module"],
)
def test_a_command_says_that_it_needs_linux(system: str, imported: str, called: str) -> None:
    """In one line, before it does anything. The exit status is 78."""
    code = f"import sys, {imported} as command; sys.platform = {system!r}; command.{called}"
    refused = _run([sys.executable, "-c", code, "tail"], base_environment())
    assert (refused.returncode, refused.stderr, refused.stdout) == (78, _LINE, "")


def test_the_scripts_say_that_they_need_linux(tmp_path: Path) -> None:
    """Before anything is installed."""
    uname = tmp_path / "uname"
    uname.write_text("#!/bin/sh\necho Darwin\n")
    uname.chmod(0o755)
    environment = base_environment()
    environment["PATH"] = f"{tmp_path}:{environment['PATH']}"
    environment["VENV"] = str(tmp_path / "venv")
    refused = _run([str(REPOSITORY / "scripts" / "run"), "--demo"], environment)
    assert (refused.returncode, refused.stderr, refused.stdout) == (78, _LINE, "")
    assert not (tmp_path / "venv").exists()


def _run(command: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=30, check=False
    )
