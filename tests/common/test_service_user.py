"""A command that a person runs as root does not leave files that the service cannot read."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from common import exit_codes
from common.service_user import other_owner
from tests.other_user import OTHER, give_to_other_user
from tests.processes import base_environment, python_module

_SCRIPT = str(Path(sys.executable).with_name("twitch-ingestion"))


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run *command* in *folder*, whose subfolder `var` is the STATE_DIR."""
    return subprocess.run(
        command,
        env=base_environment(),
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A STATE_DIR that belongs to another user."""
    folder = tmp_path / "var"
    folder.mkdir()
    give_to_other_user(folder)
    return folder


@pytest.mark.parametrize(
    "words",
    [
        ("keys", "publisher"),
        ("keys", "readers"),
        ("keys", "authorize", "0" * 64, "--name", "a"),
        ("keys", "revoke", "a"),
        ("drain", "--within", "5"),
        ("auth", "login"),
        ("auth", "login", "--device"),
        ("auth", "revoke"),
        ("auth", "generate-token", "--write"),
    ],
)
def test_root_is_told_which_command_to_run(tmp_path: Path, state: Path, words: list[str]) -> None:
    """The same one, as the user whom STATE_DIR belongs to. Nothing is written."""
    finished = run(tmp_path, _SCRIPT, *words)
    assert finished.returncode == exit_codes.SETTINGS
    assert f"{words[0]}: var belongs to #{OTHER}" in finished.stderr
    assert f"\n  sudo -u '#{OTHER}' {_SCRIPT} {' '.join(words)}\n" in finished.stderr
    assert list(state.iterdir()) == []


def test_the_command_of_a_module_is_named_too(tmp_path: Path, state: Path) -> None:
    """As the subcommand that it is."""
    finished = run(tmp_path, *python_module("common.keys", "readers"))
    assert finished.returncode == exit_codes.SETTINGS
    assert finished.stderr.endswith(f" {_SCRIPT} keys readers\n")
    assert list(state.iterdir()) == []


@pytest.mark.parametrize(
    "command", [[_SCRIPT, "channels", "apply"], python_module("readers.channels")]
)
def test_the_user_of_supervisord_counts_for_channels(tmp_path: Path, command: list[str]) -> None:
    """It has to read what root would write for it."""
    (tmp_path / "var").mkdir()
    with socket.socket(socket.AF_UNIX) as supervisord:
        supervisord.bind(str(tmp_path / "var" / "supervisor.sock"))
        give_to_other_user(tmp_path / "var" / "supervisor.sock")
        finished = run(tmp_path, *command)
        assert finished.returncode == exit_codes.SETTINGS
        assert f"channels: var/supervisor.sock belongs to #{OTHER}" in finished.stderr
        assert finished.stderr.endswith(f"{_SCRIPT} channels apply\n")


def test_the_folder_of_the_token_counts_for_a_login(tmp_path: Path) -> None:
    """It may be another one than STATE_DIR."""
    (tmp_path / "login").mkdir()
    give_to_other_user(tmp_path / "login")
    (tmp_path / ".env").write_text("TWITCH_TOKEN_STORE=login/tokenStore.json\n")
    finished = run(tmp_path, _SCRIPT, "auth", "revoke")
    assert finished.returncode == exit_codes.SETTINGS
    assert f"auth: login belongs to #{OTHER}" in finished.stderr
    assert list((tmp_path / "login").iterdir()) == []


def test_root_may_write_a_token_to_the_file_that_is_there(tmp_path: Path, state: Path) -> None:
    """It keeps its owner. Here the command only lacks its settings."""
    (tmp_path / ".env").touch()
    finished = run(tmp_path, _SCRIPT, "auth", "generate-token", "--write")
    assert "TWITCH_CLIENT_ID is not set" in finished.stderr
    assert "belongs to" not in finished.stderr
    assert list(state.iterdir()) == []


def test_root_may_look(tmp_path: Path, state: Path) -> None:
    """Nothing is written by that."""
    assert run(tmp_path, _SCRIPT, "keys", "list").returncode == 0
    assert list(state.iterdir()) == []


def test_root_uses_its_own_folder_and_makes_a_missing_one(tmp_path: Path) -> None:
    """As in a container that runs as root."""
    assert run(tmp_path, _SCRIPT, "keys", "readers").returncode == 0
    assert run(tmp_path, _SCRIPT, "keys", "readers").returncode == 0


def test_a_folder_of_another_user_counts_only_for_root(tmp_path: Path, state: Path) -> None:
    """Another user has no access to it, or has been given some."""
    assert other_owner([tmp_path, tmp_path / "none", state]) == (state, f"#{OTHER}")
    os.seteuid(OTHER + 1)
    try:
        assert other_owner([state]) is None
    finally:
        os.seteuid(0)
