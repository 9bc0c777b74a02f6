"""Whatever is at the path of the token store: one clear line, and no process waits or ends."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from auth.keeper import TokenKeeper
from auth.status_page import AuthPage
from common import exit_codes
from common.settings import read_settings
from common.token_store import (
    TokenStoreError,
    has_token_store,
    locked_token_store,
    read_token,
)
from readers.twitch.credentials import check_login, credentials, has_account
from readers.twitch.errors import LoginRefusedError
from simulator.background import BackgroundChatServer
from simulator.oauth_server import OAuthServer
from simulator.oauth_state import OAuthState
from tests.auth.scene import messages
from tests.common.store_writers import TOKEN
from tests.odd_stores import ODD_STORES, remove
from tests.other_user import OTHER, as_other_user, give_to_other_user
from tests.processes import StartProcess, python_module, wait_for_line

WITHIN_S = 30


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the path of a store that does not exist yet."""
    return tmp_path / "tokenStore.json"


@pytest.fixture(params=ODD_STORES.values(), ids=list(ODD_STORES))
def odd(request: pytest.FixtureRequest, path: Path) -> Path:
    """Return *path*, where there is something odd."""
    request.param(path)
    return path


def store_login(path: Path) -> None:
    """Store a login."""
    with locked_token_store(path) as store:
        store.write(TOKEN)


def test_an_odd_store_is_an_error_in_one_line(odd: Path) -> None:
    """It names the file, and is not shown as if there were no login."""
    with pytest.raises(TokenStoreError) as raised:
        read_token(odd)
    assert str(odd) in str(raised.value)
    assert len(str(raised.value).splitlines()) == 1
    assert len(str(raised.value)) < 500
    assert has_token_store(odd)


def test_a_reader_with_an_odd_store_does_not_log_in(odd: Path) -> None:
    """It starts, and tries again: it is not anonymous, because there may be a login soon."""
    settings = read_settings({"TWITCH_TOKEN_STORE": str(odd)})
    check_login(settings)
    assert has_account(settings)
    with pytest.raises(LoginRefusedError) as raised:
        credentials(settings)
    assert str(odd) in str(raised.value)


def _check_as_other_user(path: Path, reason: str) -> None:
    settings = read_settings({"TWITCH_TOKEN_STORE": str(path)})
    check_login(settings)
    assert has_account(settings)
    with pytest.raises(LoginRefusedError, match=reason):
        credentials(settings)


def test_a_store_of_another_user_names_both(short_folder: Path) -> None:
    """For example after `sudo python -m auth login`."""
    path = short_folder / "tokenStore.json"
    store_login(path)
    short_folder.chmod(0o755)
    reason = f"belongs to user 0, and this process runs as user {OTHER}"
    as_other_user(lambda: _check_as_other_user(path, reason))


def test_a_store_in_a_closed_folder_is_not_taken_for_none(short_folder: Path) -> None:
    """Then a reader would be anonymous without a word."""
    path = short_folder / "tokenStore.json"
    as_other_user(lambda: _check_as_other_user(path, "Permission denied"))


def test_root_leaves_a_store_to_its_owner(path: Path) -> None:
    """`sudo python -m auth login` must not lock out the service's user."""
    store_login(path)
    give_to_other_user(path)
    store_login(path)
    assert (path.stat().st_uid, path.stat().st_gid) == (OTHER, OTHER)


def test_a_linked_store_stays_a_link(path: Path) -> None:
    """What it points to is changed, also if it does not exist yet."""
    real = path.with_name("elsewhere") / "login.json"
    path.symlink_to(real)
    assert read_token(path) is None
    for _ in range(2):
        store_login(path)
        assert path.is_symlink()
        assert read_token(real) == read_token(path) == TOKEN


def test_auth_waits_for_a_store_that_is_right(
    odd: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It logs one error, and sends no request because of it."""
    with OAuthServer(OAuthState()) as server:
        settings = {"TWITCH_TOKEN_STORE": str(odd), "TWITCH_AUTH_URL": server.url}
        keeper = TokenKeeper(read_settings(settings), AuthPage(tmp_path / "var"))
        for _ in range(3):
            keeper.step()
        (error,) = messages(caplog, logging.ERROR)
        assert str(odd) in error
        assert server.received == 0
        remove(odd)
        store_login(odd)
        keeper.step()
        assert server.received == 1


AS_PROCESSES = ["empty", "not UTF-8", "a FIFO", "a folder"]


@pytest.mark.parametrize("kind", AS_PROCESSES)
def test_a_reader_takes_a_store_up_once_it_is_right(
    processes: StartProcess, short_folder: Path, kind: str
) -> None:
    """As a process. It has logged why it waits."""
    path = short_folder / "tokenStore.json"
    ODD_STORES[kind](path)
    with BackgroundChatServer() as twitch:
        twitch.server.state.tokens = {TOKEN.access_token: TOKEN.login}
        environment = {
            "TWITCH_IRC_HOST": "127.0.0.1",
            "TWITCH_IRC_PORT": str(twitch.port),
            "TWITCH_IRC_TLS": "false",
        }
        reader = processes(python_module("readers", "xqc"), environment)
        wait_for_line(reader, r"tokenStore\.json is not .*; next attempt in", WITHIN_S)
        remove(path)
        store_login(path)
        wait_for_line(reader, r"in the channel \(id \d+\), as somebot$", WITHIN_S)
        assert "Traceback" not in reader.output()


@pytest.mark.parametrize("kind", AS_PROCESSES)
def test_auth_takes_a_store_up_once_it_is_right(
    processes: StartProcess, short_folder: Path, kind: str
) -> None:
    """As a process. It has logged why it waits."""
    path = short_folder / "tokenStore.json"
    ODD_STORES[kind](path)
    with OAuthServer(OAuthState()) as server:
        auth = processes(python_module("auth"), {"TWITCH_AUTH_URL": server.url})
        wait_for_line(auth, r"ERROR .*tokenStore\.json is not ", WITHIN_S)
        remove(path)
        store_login(path)
        wait_for_line(auth, "keeping the login of somebot valid", WITHIN_S)
        assert auth.stop() == exit_codes.OK
        assert "Traceback" not in auth.output()
