"""The browser login, with requests instead of a browser."""

from __future__ import annotations

import logging
import socket
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from auth import browser_login
from auth.browser_login import check_settings, has_desktop, log_in_with_browser
from auth.errors import LoginFailedError
from common.settings import SettingsError
from common.token_store import TokenStoreError, read_token
from simulator.oauth_server import ForcedResponse, OAuthServer
from tests.auth.browser_logins import Login, text_of
from tests.auth.conftest import SettingsFor
from tests.auth.people import TIMEOUT_S, authorize


def test_a_login_is_stored_and_shown(
    settings_for: SettingsFor, twitch: OAuthServer, store: Path
) -> None:
    """The page names the account. Each login has a new state."""
    states = set()
    for name in ("somebot", "otherbot"):
        twitch.state.login = name
        login = Login(settings_for())
        assert login.url in login.printed[0]
        states.add(login.state())
        page = requests.get(authorize(login.url), timeout=TIMEOUT_S)
        assert page.status_code == 200
        assert text_of(page) == (
            f"Logged in as {name} Authentication successful. You can close this window."
        )
        token = login.result.result(TIMEOUT_S)
        assert token == read_token(store)
        assert (token.login, token.scopes) == (name, ["chat:read"])
        assert token.access_token in twitch.state.valid_tokens
    assert len(states) == 2


def test_a_cancelled_login_is_reported(settings_for: SettingsFor, store: Path) -> None:
    """On the page and in the terminal. Nothing is stored."""
    login = Login(settings_for())
    page = requests.get(authorize(login.url, "deny"), timeout=TIMEOUT_S)
    assert page.status_code == 400
    assert "Login failed" in text_of(page)
    assert "Cancel" in text_of(page)
    assert "Cancel" in login.failure()
    assert read_token(store) is None


def test_a_callback_with_another_state_neither_counts_nor_ends_the_login(
    settings_for: SettingsFor, twitch: OAuthServer
) -> None:
    """Its code is not sent to Twitch. The person whose login it is can still finish it."""
    login = Login(settings_for())
    location = authorize(login.url)
    code = parse_qs(urlsplit(location).query)["code"][0]
    for foreign in ({"code": code, "state": "guessed"}, {"code": code}, {}):
        page = login.callback(**foreign)
        assert page.status_code == 400
        assert "belongs to another login" in text_of(page)
    assert not any(call.startswith("token") for call in twitch.state.calls)
    requests.get(location, timeout=TIMEOUT_S)
    assert login.result.result(TIMEOUT_S).login == "somebot"


def test_a_callback_with_another_state_shows_no_text_of_its_own(settings_for: SettingsFor) -> None:
    """Anybody can link to our address with a text that asks for a password, for example."""
    login = Login(settings_for())
    page = login.callback(error="call us", error_description="at 555", state="guessed")
    assert "call us" not in page.text
    assert "555" not in page.text
    requests.get(authorize(login.url), timeout=TIMEOUT_S)
    assert login.result.result(TIMEOUT_S).login == "somebot"


def test_a_callback_without_a_code_is_refused(settings_for: SettingsFor) -> None:
    """It has our state, so it is from Twitch, and the login is over."""
    login = Login(settings_for())
    assert "contains no code" in text_of(login.callback(state=login.state()))
    assert "contains no code" in login.failure()


def test_an_expired_code_is_reported(settings_for: SettingsFor, twitch: OAuthServer) -> None:
    """The message says how long a code lasts. Twitch reports a used code in the same way."""
    twitch.state.code_life_s = 0
    login = Login(settings_for())
    page = requests.get(authorize(login.url), timeout=TIMEOUT_S)
    for text in (text_of(page), login.failure()):
        assert "Invalid authorization code" in text
        assert "lasts about a minute and can be used once" in text


def test_an_unregistered_redirect_uri_is_reported(
    settings_for: SettingsFor, auth_port: int
) -> None:
    """Twitch redirects to a registered address instead, with the error redirect_mismatch."""
    login = Login(settings_for(TWITCH_REDIRECT_URI=f"http://127.0.0.1:{auth_port}/auth/callback"))
    page = requests.get(login.url, timeout=TIMEOUT_S)
    for text in (text_of(page), login.failure()):
        assert "redirect_mismatch" in text
        assert "OAuth Redirect URLs" in text


def test_a_redirect_uri_that_is_refused_in_the_exchange_is_reported(
    settings_for: SettingsFor, twitch: OAuthServer
) -> None:
    """With status 403, as the service that this one replaces has received it."""
    login = Login(settings_for())
    location = authorize(login.url)
    body = b'{"status": 403, "message": "Parameter redirect_uri does not match registered URI"}'
    twitch.forced = ForcedResponse(403, body)
    page = requests.get(location, timeout=TIMEOUT_S)
    for text in (text_of(page), login.failure()):
        assert "(403)" in text
        assert "TWITCH_REDIRECT_URI must be one of" in text


def test_a_wrong_secret_is_reported_but_not_shown(settings_for: SettingsFor) -> None:
    """The message says where to find the right one."""
    login = Login(settings_for(TWITCH_CLIENT_SECRET="wrongsecret"))
    page = requests.get(authorize(login.url), timeout=TIMEOUT_S)
    for text in (text_of(page), login.failure()):
        assert "invalid client secret" in text
        assert "https://dev.twitch.tv/console/apps" in text
        assert "wrongsecret" not in text


def test_an_account_other_than_the_username_is_refused(
    settings_for: SettingsFor, store: Path
) -> None:
    """At login, when the person who can correct it is present."""
    login = Login(settings_for(TWITCH_USERNAME="another"))
    page = requests.get(authorize(login.url), timeout=TIMEOUT_S)
    for text in (text_of(page), login.failure()):
        assert "belongs to somebot, but TWITCH_USERNAME is another" in text
    assert read_token(store) is None


def test_a_login_that_cannot_read_chat_is_refused(settings_for: SettingsFor) -> None:
    """TWITCH_SCOPES lacks chat:read."""
    login = Login(settings_for(TWITCH_SCOPES="bits:read"))
    requests.get(authorize(login.url), timeout=TIMEOUT_S)
    assert "lacks the scope chat:read" in login.failure()


def test_a_login_that_cannot_be_stored_fails_before_a_person_is_asked(
    settings_for: SettingsFor, store: Path, twitch: OAuthServer
) -> None:
    """Otherwise the person would log in for nothing."""
    store.touch(0o600)
    settings = settings_for(TWITCH_TOKEN_STORE=str(store / "below" / "a file"))
    with pytest.raises(TokenStoreError, match="cannot write"):
        log_in_with_browser(settings, print, print)
    assert twitch.state.calls == []


def test_a_store_that_becomes_unusable_during_the_login_is_reported(
    settings_for: SettingsFor, store: Path
) -> None:
    """The page shows the error, too."""
    login = Login(settings_for())
    location = authorize(login.url)
    store.mkdir()
    page = requests.get(location, timeout=TIMEOUT_S)
    assert "is not a file" in text_of(page)
    assert "is not a file" in login.failure()


def test_a_login_times_out(settings_for: SettingsFor, monkeypatch: pytest.MonkeyPatch) -> None:
    """The real limit is ten minutes."""
    monkeypatch.setattr(browser_login, "WITHIN_S", 0.05)
    login = Login(settings_for())
    assert "nobody has logged in within 0.05 s" in login.failure()


def test_a_port_in_use_is_reported(settings_for: SettingsFor, auth_port: int) -> None:
    """The message names the port."""
    with (
        socket.create_server(("127.0.0.1", auth_port)),
        pytest.raises(LoginFailedError, match=f"another program listens on port {auth_port}"),
    ):
        log_in_with_browser(settings_for(), print, print)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"TWITCH_CLIENT_ID": ""}, "TWITCH_CLIENT_ID is not set"),
        ({"TWITCH_CLIENT_SECRET": ""}, "login --device"),
        (
            {"TWITCH_REDIRECT_URI": "https://example.org/callback"},
            "can only be reached at http://localhost",
        ),
        ({"TWITCH_REDIRECT_URI": "http://localhost/callback"}, "has port 80"),
        ({"TWITCH_AUTH_PORT": "3999"}, "TWITCH_AUTH_PORT is 3999"),
        (
            {"TWITCH_REDIRECT_URI": "http://localhost:4000/auth", "TWITCH_AUTH_PORT": "4000"},
            "must have a path other than /auth",
        ),
        (
            {"TWITCH_REDIRECT_URI": "http://localhost:4000", "TWITCH_AUTH_PORT": "4000"},
            "must have a path other than /auth",
        ),
    ],
)
def test_unusable_settings_are_reported(
    settings_for: SettingsFor, changes: dict[str, str], expected: str
) -> None:
    """Before the port and the browser are opened."""
    with pytest.raises(SettingsError, match=expected):
        check_settings(settings_for(**changes))


def test_no_secret_is_printed_or_logged(
    settings_for: SettingsFor,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Neither the code, nor the state, nor a token."""
    with caplog.at_level(logging.DEBUG):
        login = Login(settings_for())
        location = authorize(login.url)
        requests.get(location, timeout=TIMEOUT_S)
        token = login.result.result(TIMEOUT_S)
    # The test's own requests log addresses, which contain the code and the state.
    logged = [record.getMessage() for record in caplog.records if "urllib3" not in record.name]
    everything = " ".join([*logged, *login.printed, *capfd.readouterr()])
    fields = parse_qs(urlsplit(location).query)
    for secret in (fields["code"][0], fields["state"][0], token.access_token):
        assert secret not in everything


@pytest.mark.parametrize(
    ("environment", "platform", "expected"),
    [
        ({}, "linux", False),
        ({"DISPLAY": ""}, "linux", False),
        ({"DISPLAY": ":0"}, "linux", True),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "linux", True),
        ({}, "darwin", True),
    ],
)
def test_a_browser_is_opened_only_where_there_is_a_desktop(
    environment: dict[str, str], platform: str, *, expected: bool
) -> None:
    """Elsewhere a text browser would take over the terminal."""
    assert has_desktop(environment, platform) is expected
