"""auth under supervisord: it runs if there is a login to renew, else it exits."""

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
from tests.processes import StartProcess, wait_for_line

_READY = "auth: keeping the login of somebot"


@pytest.fixture
def folder(short_folder: Path) -> Iterator[Path]:
    """Yield a folder in which supervisord can be started, for one channel."""
    with BackgroundChatServer() as twitch:
        prepare(short_folder, chat_port=twitch.port, channels="xqc\n")
        with (short_folder / ".env").open("a") as file:
            file.write(f"TWITCH_AUTH_URL=http://127.0.0.1:{free_port()}\n")
        yield short_folder


def test_without_a_login_auth_exits_and_is_not_restarted(
    processes: StartProcess, folder: Path
) -> None:
    """The readers are anonymous; supervisord expects the exit status."""
    service = SupervisedService(processes, folder)
    wait_for_line(service.supervisord, "auth: .*readers are anonymous", 30)
    service.wait_for_readers(["xqc"])
    assert service.programs()["auth"] == Program("EXITED", 0)
    assert service.supervisord.output().count("spawned: 'auth'") == 1
    assert "exited: auth (exit status 0; expected)" in service.supervisord.output()


def test_with_a_login_auth_runs_and_is_restarted_when_it_is_killed(
    processes: StartProcess, folder: Path
) -> None:
    """It reads the login from the token file."""
    with locked_token_store(folder / "tokenStore.json") as store:
        store.write(TOKEN)
    service = SupervisedService(processes, folder)
    wait_for_line(service.supervisord, _READY, 30)
    before = service.programs()["auth"]
    assert before.state == "RUNNING"
    service.control("signal", "KILL", "auth")
    # Only then does it obey SIGTERM: a new process has the default handler at first.
    wait_for_line(service.supervisord, f"(?s){_READY}.*{_READY}", 30)
    assert service.programs()["auth"].pid not in {0, before.pid}
    assert service.supervisord.stop(signal.SIGTERM, timeout_s=30) == 0
    assert "auth: stopped" in service.supervisord.output()
