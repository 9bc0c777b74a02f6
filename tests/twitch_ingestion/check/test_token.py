"""The check of the login, against a local Twitch OAuth server."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from common.token_store import StoredToken, locked_token_store
from simulator.oauth_server import OAuthServer
from simulator.oauth_state import OAuthState, RegisteredApplication
from tests.auth.people import CLIENT_ID, log_in
from tests.twitch_ingestion.check.conftest import Check


@pytest.fixture
def twitch() -> Iterator[OAuthServer]:
    """Return an OAuth server with the time of day."""
    applications = {CLIENT_ID: RegisteredApplication(None)}
    with OAuthServer(OAuthState(applications=applications, clock=time.time)) as server:
        yield server


def _store(twitch: OAuthServer, path: Path, life_s: float = 3600) -> StoredToken:
    access, refresh = log_in(twitch)
    token = StoredToken(
        access_token=access,
        refresh_token=refresh,
        login="somebot",
        user_id="1",
        client_id=CLIENT_ID,
        scopes=["chat:read"],
        obtained_at=time.time(),
        expires_at=time.time() + life_s,
    )
    with locked_token_store(path) as store:
        store.write(token)
    return token


def test_no_login_is_a_warning(check: Check) -> None:
    """Twitch lets anybody read."""
    assert "readers are anonymous" in check().text("token", "warning")


def test_a_login_that_twitch_accepts_is_ok(check: Check, folder: Path, twitch: OAuthServer) -> None:
    """In the token store or in the settings. The token is not shown."""
    token = _store(twitch, folder / "tokenStore.json")
    checked = check(TWITCH_AUTH_URL=twitch.url)
    assert "a valid one of somebot" in checked.text("token", "ok")
    assert token.access_token not in checked.output
    (folder / "tokenStore.json").unlink()
    checked = check(TWITCH_AUTH_URL=twitch.url, TWITCH_OAUTH_TOKEN=f"oauth:{token.access_token}")
    assert "TWITCH_OAUTH_TOKEN is a valid one of somebot" in checked.text("token", "ok")
    assert token.access_token not in checked.output


def test_a_login_of_another_account_is_wrong(
    check: Check, folder: Path, twitch: OAuthServer
) -> None:
    """TWITCH_USERNAME says which one is wanted."""
    _store(twitch, folder / "tokenStore.json")
    checked = check(TWITCH_AUTH_URL=twitch.url, TWITCH_USERNAME="otherbot")
    assert checked.status == 78
    assert "belongs to somebot, but TWITCH_USERNAME is otherbot" in checked.text("token", "wrong")


def test_a_login_that_twitch_does_not_know_is_wrong(check: Check, twitch: OAuthServer) -> None:
    """The text has the command that makes a new one, once."""
    text = check(TWITCH_AUTH_URL=twitch.url, TWITCH_OAUTH_TOKEN="oauth:" + "x" * 30).text(
        "token", "wrong"
    )
    assert "invalid access token" in text
    assert text.endswith("twitch-ingestion auth login`")
    assert text.count("auth login") == 1


def test_a_login_that_auth_will_renew_is_a_warning(
    check: Check, folder: Path, twitch: OAuthServer
) -> None:
    """It has expired while nothing ran."""
    _store(twitch, folder / "tokenStore.json", life_s=-1)
    text = check(TWITCH_AUTH_URL=twitch.url).text("token", "warning")
    assert "has expired: auth renews it" in text
    text = check(TWITCH_AUTH_URL=twitch.url, TWITCH_CLIENT_ID="another").text("token", "wrong")
    assert "another application than TWITCH_CLIENT_ID" in text


def test_a_login_that_nothing_here_renews_is_a_warning(
    check: Check, folder: Path, twitch: OAuthServer
) -> None:
    """Hosts do not share it."""
    _store(twitch, folder / "tokenStore.json")
    (folder / "programs.conf").write_text("[program:auth]\nnumprocs=0\n")
    checked = check(TWITCH_AUTH_URL=twitch.url)
    assert "nothing here renews the login" in checked.text("token", "warning")
    assert "a valid one of somebot" in checked.text("token", "ok")


def test_a_login_that_cannot_be_asked_about_is_a_warning(
    check: Check, folder: Path, twitch: OAuthServer
) -> None:
    """Twitch may be back when the service starts."""
    _store(twitch, folder / "tokenStore.json")
    checked = check(TWITCH_AUTH_URL="http://127.0.0.1:1/oauth2")
    assert checked.status == 0, checked.output
    assert "is not known: 127.0.0.1:1" in checked.text("token", "warning")


def test_a_store_that_others_can_read_is_wrong(
    check: Check, folder: Path, twitch: OAuthServer
) -> None:
    """The service would refuse it, too."""
    _store(twitch, folder / "tokenStore.json")
    (folder / "tokenStore.json").chmod(0o644)
    assert "chmod 600" in check(TWITCH_AUTH_URL=twitch.url).text("token", "wrong")
