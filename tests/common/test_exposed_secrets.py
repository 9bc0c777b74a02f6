"""A `.env` with secrets that others can read is told, with the command that mends it."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path

import pytest

from common.exposed_secrets import exposed_secrets
from common.settings import settings_file
from tests.other_user import OTHER, as_other_user
from tests.processes import StartProcess, python_module, wait_for_line
from tests.requirements import unavailable

SECRET = "KAFKA_CONF_SASL_PASSWORD=hunter2"


def _env(folder: Path, mode: int, content: str = SECRET) -> Path:
    file = folder / ".env"
    file.write_text(f"{content}\n")
    file.chmod(mode)
    return file


@pytest.mark.parametrize(
    "content",
    [
        "TWITCH_OAUTH_TOKEN=oauth:hunter2",
        "TWITCH_CLIENT_SECRET=hunter2",
        SECRET,
        "KAFKA_CONF_SSL_KEY_PASSWORD=hunter2",
        "KAFKA_CONF_SSL_KEY_PEM=hunter2",
        "KAFKA_CONF_SASL_OAUTHBEARER_CLIENT_SECRET=hunter2",
    ],
)
@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604])
def test_a_secret_that_others_can_read_is_told(tmp_path: Path, mode: int, content: str) -> None:
    """By its name. The command mends it."""
    file = _env(tmp_path, mode, content)

    warning = exposed_secrets(settings_file(tmp_path), tmp_path)

    assert f"{file} holds {content.partition('=')[0]}, but other users can read it" in warning
    assert f"`chmod 600 {file}`" in warning
    assert "hunter2" not in warning
    subprocess.run(shlex.split(warning.split("`")[1]), check=True)
    assert exposed_secrets(settings_file(tmp_path), tmp_path) == ""


@pytest.mark.parametrize(
    ("mode", "content"),
    [
        (0o600, SECRET),
        (0o400, SECRET),
        (0o644, "KAFKA_BROKERS=localhost:9092"),
        (0o644, "TWITCH_CLIENT_ID=abc\nKAFKA_CONF_SASL_USERNAME=me"),
        (0o644, "TWITCH_OAUTH_TOKEN=\nKAFKA_CONF_SASL_PASSWORD="),
    ],
)
def test_what_is_not_exposed_or_no_secret_is_not_told(
    tmp_path: Path, mode: int, content: str
) -> None:
    """Otherwise nobody would read the warning."""
    _env(tmp_path, mode, content)
    assert exposed_secrets(settings_file(tmp_path), tmp_path) == ""


def test_without_a_file_nothing_is_told(tmp_path: Path) -> None:
    """All settings may be in the environment."""
    assert exposed_secrets(settings_file(tmp_path), tmp_path) == ""


def test_a_file_that_the_service_reads_by_its_group_is_not_told(short_folder: Path) -> None:
    """As on a host with systemd: root owns the file, and the service must not change it."""
    _give_to_group(_env(short_folder, 0o640), OTHER)
    assert (
        exposed_secrets(settings_file(short_folder), short_folder) == ""
    )  # root runs commands there too

    def read() -> None:
        assert exposed_secrets(settings_file(short_folder), short_folder) == ""

    as_other_user(read)


@pytest.mark.parametrize(
    ("group", "command"),
    [(OTHER, "chmod 640 {file}"), (0, f"chgrp {OTHER} {{file}} && chmod 640 {{file}}")],
)
def test_the_command_leaves_the_service_its_access(
    short_folder: Path, group: int, command: str
) -> None:
    """`chmod 600` would take it away where root owns the file."""
    file = _env(short_folder, 0o644)
    _give_to_group(file, group)

    def read() -> None:
        warning = exposed_secrets(settings_file(short_folder), short_folder)
        assert f"run `{command.format(file=file)}`" in warning

    as_other_user(read)


def _give_to_group(file: Path, group: int) -> None:
    if os.geteuid() != 0:
        unavailable("only root can give a file to another group")
    file.parent.chmod(0o755)
    os.chown(file, 0, group)


@pytest.mark.parametrize("module", ["publisher", "auth"])
def test_the_publisher_and_auth_tell_it(
    processes: StartProcess, short_folder: Path, module: str
) -> None:
    """At the start, and go on."""
    _env(short_folder, 0o644)
    settings = {
        "KAFKA_BROKERS": "embedded",
        "PUBLISHER_BIND": "tcp://127.0.0.1:0",
        "PUBLISHER_ACK_BIND": "tcp://127.0.0.1:0",
    }
    process = processes(python_module(module), settings)

    wait_for_line(process, r"WARNING .*holds KAFKA_CONF_SASL_PASSWORD, .*`chmod 600 \.env`", 20)


def test_a_reader_does_not_tell_it(processes: StartProcess, short_folder: Path) -> None:
    """A thousand of them would all say the same."""
    _env(short_folder, 0o644)
    process = processes(python_module("readers", "alpha"), {"TWITCH_IRC_HOST": "127.0.0.1"})
    wait_for_line(process, "reader", 20)

    process.stop()
    assert "chmod" not in process.output()
