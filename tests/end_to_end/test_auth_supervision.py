"""auth under supervisord: it runs where there is a login to keep, and ends where there is none."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from common.token_store import locked_token_store
from simulator.background import BackgroundChatServer
from tests.common.store_writers import TOKEN
from tests.end_to_end.supervised_service import Program, SupervisedService, prepare
from tests.ports import free_port
from tests.processes import StartProcess, wait_for, wait_for_line


@pytest.fixture
def folder(short_folder: Path) -> Iterator[Path]:
    """Return a folder to start supervisord in, for one channel."""
    with BackgroundChatServer() as twitch:
        prepare(short_folder, chat_port=twitch.port, channels="xqc\n")
        with (short_folder / ".env").open("a") as file:
            file.write(f"TWITCH_AUTH_URL=http://127.0.0.1:{free_port()}\n")
        yield short_folder


def test_without_a_login_auth_ends_and_is_not_started_again(
    processes: StartProcess, folder: Path
) -> None:
    """The readers are anonymous, and supervisord takes that for what it should be."""
    service = SupervisedService(processes, folder)
    wait_for_line(service.supervisord, "auth: .*readers are anonymous", 30)
    service.wait_for_readers(["xqc"])
    assert service.programs()["auth"] == Program("EXITED", 0)
    assert service.supervisord.output().count("spawned: 'auth'") == 1
    assert "exited: auth (exit status 0; expected)" in service.supervisord.output()


def test_a_login_is_kept_by_a_process_that_is_started_again_when_it_is_killed(
    processes: StartProcess, folder: Path
) -> None:
    """It finds its login in the store, beside the configuration."""
    with locked_token_store(folder / "tokenStore.json") as store:
        store.write(TOKEN)
    service = SupervisedService(processes, folder)
    wait_for_line(service.supervisord, "auth: keeping the login of somebot", 30)
    before = service.programs()["auth"]
    assert before.state == "RUNNING"
    service.control("signal", "KILL", "auth")
    wait_for(lambda: service.programs()["auth"].pid not in {0, before.pid}, 20, "another process")
    assert service.supervisord.stop(signal.SIGTERM, timeout_s=30) == 0
    assert "auth: stopped" in service.supervisord.output()
