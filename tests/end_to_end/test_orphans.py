"""Programs whose supervisord was killed before they could look which process it is."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from common.token_store import locked_token_store
from tests.common.store_writers import TOKEN
from tests.end_to_end.supervised_service import SETTINGS
from tests.ports import free_port
from tests.processes import StartProcess, python_module


@pytest.fixture
def orphaned(short_folder: Path) -> dict[str, str]:
    """The environment of a program whose supervisord has ended."""
    (short_folder / "var").mkdir()
    with subprocess.Popen(["true"]) as supervisord:
        pass
    settings = dict(line.split("=", 1) for line in SETTINGS.format(port=1).split())
    return settings | {"SUPERVISOR_ENABLED": "1", "SUPERVISORD_PID": str(supervisord.pid)}


@pytest.mark.parametrize("command", [["publisher"], ["readers", "xqc"]])
def test_an_orphan_ends(
    processes: StartProcess, orphaned: dict[str, str], command: list[str]
) -> None:
    """Otherwise it would keep the ports and the outbox from the next supervisord's programs."""
    program = processes(python_module(*command), orphaned)
    assert program.wait(20) == 0
    assert "supervisord has ended: stopping" in program.output()


def test_an_orphaned_auth_without_a_login_ends(
    processes: StartProcess, orphaned: dict[str, str]
) -> None:
    """It waits for a login, and would do so for ever."""
    assert processes(python_module("auth"), orphaned).wait(20) == 0


def test_an_orphaned_auth_ends(
    processes: StartProcess, orphaned: dict[str, str], short_folder: Path
) -> None:
    """Otherwise two of them would renew one login."""
    with locked_token_store(short_folder / "tokenStore.json") as store:
        store.write(TOKEN)
    twitch = {"TWITCH_AUTH_URL": f"http://127.0.0.1:{free_port()}"}
    assert processes(python_module("auth"), orphaned | twitch).wait(20) == 0
