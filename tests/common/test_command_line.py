"""The commands that are printed for people."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from common.command_line import SCRIPT, command
from tests.processes import base_environment


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    """A folder whose .venv has an interpreter and a script, which prints its arguments."""
    folder = tmp_path / ".venv" / "bin"
    folder.mkdir(parents=True)
    (folder / "python").symlink_to(sys.executable)
    (folder / SCRIPT).write_text('#!/bin/sh\necho "$0" "$@"\n')
    (folder / SCRIPT).chmod(0o755)
    return folder


@pytest.fixture(autouse=True)
def _installed(environment: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", str(environment / "python"))
    monkeypatch.delenv("SUPERVISOR_ENABLED", raising=False)
    monkeypatch.delenv("SUPERVISORD_PID", raising=False)
    monkeypatch.setenv("PATH", "/usr/bin:/bin")


def run_in_a_shell(text: str, folder: Path) -> str:
    """Paste *text* into a shell in *folder*; return what it prints."""
    return subprocess.run(
        ["sh", "-c", text],
        cwd=folder,
        env={**base_environment(), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    ).stdout


def test_a_checkout_has_a_relative_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is short, and what the README says."""
    monkeypatch.chdir(tmp_path)
    text = command("auth", "login")
    assert text == f".venv/bin/{SCRIPT} auth login"
    assert run_in_a_shell(text, tmp_path) == f"{text}\n"


def test_elsewhere_the_path_is_absolute(
    tmp_path: Path, environment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A shell would not find the name."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    text = command("auth")
    assert text == f"{environment / SCRIPT} auth"
    assert run_in_a_shell(text, elsewhere) == f"{text}\n"


def test_a_script_on_the_path_is_named_only(
    tmp_path: Path, environment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where it is a link to the script, as `uv tool install` and pipx make it."""
    links = tmp_path / "links"
    links.mkdir()
    (links / SCRIPT).symlink_to(environment / SCRIPT)
    monkeypatch.setenv("PATH", f"{links}:/usr/bin:/bin")
    monkeypatch.chdir(links)
    assert command("auth") == f"{SCRIPT} auth"


@pytest.mark.parametrize("variable", ["SUPERVISOR_ENABLED", "SUPERVISORD_PID"])
def test_the_path_of_a_supervised_program_is_not_that_of_a_person(
    environment: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    """supervisord adds the script's folder to it, and to its own."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    monkeypatch.setenv("PATH", f"{environment}:/usr/bin:/bin")
    monkeypatch.setenv(variable, "1")
    assert command("auth") == f"{environment / SCRIPT} auth"


def test_another_script_of_this_name_is_not_ours(
    tmp_path: Path, environment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A shell would run that of another installation."""
    other = tmp_path / "other"
    other.mkdir()
    (other / SCRIPT).write_text("#!/bin/sh\n")
    (other / SCRIPT).chmod(0o755)
    monkeypatch.setenv("PATH", f"{other}:/usr/bin:/bin")
    monkeypatch.chdir(other)
    assert command("auth") == f"{environment / SCRIPT} auth"


def test_arguments_are_quoted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name may have a space."""
    monkeypatch.chdir(tmp_path)
    assert command("keys", "a b").endswith("keys 'a b'")
