"""auth under supervisord: it always runs, with a login and without. It never hammers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from common.token_store import locked_token_store
from simulator.background import BackgroundChatServer
from simulator.oauth_server import ForcedResponse, OAuthServer
from simulator.oauth_state import OAuthState
from tests.common.store_writers import TOKEN
from tests.end_to_end.supervised_service import Program, SupervisedService, prepare
from tests.processes import StartProcess, wait_for, wait_for_line

_READY = "auth: keeping the login of somebot"


@pytest.fixture
def oauth() -> Iterator[OAuthServer]:
    """Yield an OAuth server that does not know the login."""
    with OAuthServer(OAuthState()) as server:
        yield server


@pytest.fixture
def folder(short_folder: Path, oauth: OAuthServer) -> Iterator[Path]:
    """Yield a folder in which supervisord can be started, for one channel."""
    with BackgroundChatServer() as twitch:
        prepare(short_folder, chat_port=twitch.port, channels="xqc\n")
        with (short_folder / ".env").open("a") as file:
            file.write(f"TWITCH_AUTH_URL={oauth.url}\n")
        yield short_folder


def test_without_a_login_auth_waits_for_one(processes: StartProcess, folder: Path) -> None:
    """The readers are anonymous. A login that is made later needs no restart."""
    service = SupervisedService(processes, folder)
    wait_for_line(service.supervisord, "auth: .*readers are anonymous", 30)
    service.wait_for_readers(["xqc"])
    with locked_token_store(folder / "tokenStore.json") as store:
        store.write(TOKEN)
    wait_for_line(service.supervisord, _READY, 30)
    assert service.supervisord.output().count("spawned: 'auth'") == 1


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
    assert service.supervisord.stop() == 0
    assert "auth: stopped" in service.supervisord.output()


def test_an_unexpected_response_does_not_end_auth(
    processes: StartProcess, folder: Path, oauth: OAuthServer
) -> None:
    """A proxy's 403, for example. auth itself tries again, and stops when it is asked to."""
    oauth.forced = ForcedResponse(403, b'{"status": 403, "message": "Forbidden"}')
    with locked_token_store(folder / "tokenStore.json") as store:
        store.write(TOKEN)
    service = SupervisedService(processes, folder)
    wait_for_line(service.supervisord, "responded with status 403 .*; trying again", 30)
    wait_for(lambda: oauth.received >= 3, 60, "two more attempts")
    output = service.supervisord.output()
    assert output.count("spawned: 'auth'") == 1
    assert output.count("responded with status 403") == 1
    assert service.supervisord.stop() == 0


def test_an_auth_that_cannot_start_is_restarted_with_pauses(
    processes: StartProcess, folder: Path
) -> None:
    """supervisord calls that BACKOFF. The pauses get longer."""
    (folder / "auth.py").write_text("raise SystemExit(1)\n")
    service = SupervisedService(processes, folder)
    none = Program("", 0)
    wait_for(lambda: service.programs().get("auth", none).state == "BACKOFF", 30, "a pause")
    (folder / "auth.py").unlink()
    wait_for_line(service.supervisord, "auth: .*readers are anonymous", 30)
