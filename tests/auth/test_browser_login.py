"""The browser login, with requests instead of a browser."""

from __future__ import annotations

import logging
import re
import socket
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests

from auth import browser_login
from auth.browser_login import check_settings, has_desktop, log_in_with_browser
from auth.errors import AuthError, LoginFailedError
from common.settings import Settings, SettingsError
from common.token_store import StoredToken, TokenStoreError, read_token
from simulator.oauth_server import ForcedResponse, OAuthServer
from tests.auth.conftest import SettingsFor
from tests.auth.people import TIMEOUT_S, authorize
from tests.processes import wait_for


class Login:
    """A login that runs in a thread, and the address that it asks a person to open."""

    def __init__(self, settings: Settings) -> None:
        self.printed: list[str] = []
        self.opened: Future[str] = Future()
        self.result: Future[StoredToken] = Future()
        threading.Thread(target=self._run, args=(settings,), daemon=True).start()
        self.url = self.opened.result(TIMEOUT_S)

    def _run(self, settings: Settings) -> None:
        try:
            token = log_in_with_browser(settings, self.printed.append, self.opened.set_result)
        except BaseException as error:  # noqa: BLE001 - raised where the result is read
            self.result.set_exception(error)
        else:
            self.result.set_result(token)

    def callback(self, **fields: str) -> requests.Response:
        """Open the redirect URI with *fields* as its query."""
        url = self.url.replace("/auth", f"/auth/callback?{urlencode(fields)}")
        return requests.get(url, timeout=TIMEOUT_S)

    def state(self) -> str:
        """Return the state that Twitch must send back."""
        response = requests.get(self.url, timeout=TIMEOUT_S, allow_redirects=False)
        return parse_qs(urlsplit(response.headers["Location"]).query)["state"][0]

    def failure(self) -> str:
        """Return the text of the error that ended the login."""
        error = self.result.exception(TIMEOUT_S)
        assert isinstance(error, (AuthError, TokenStoreError))
        return str(error)


def text_of(page: requests.Response) -> str:
    """Return the visible text of *page*."""
    body = page.text.partition("<body>")[2]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", body)).strip()


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


def test_the_page_escapes_the_fields_of_the_callback(settings_for: SettingsFor) -> None:
    """Twitch may repeat what somebody else has written."""
    login = Login(settings_for())
    error = {"error": "<script>", "error_description": "\x1b[2J<b>"}
    page = login.callback(**error, state=login.state())
    assert "<script>" not in page.text
    assert "&lt;script&gt;" in page.text
    assert "\x1b" not in login.failure()


def test_only_the_first_callback_counts(settings_for: SettingsFor, twitch: OAuthServer) -> None:
    """A second one is refused while the first is handled."""
    login = Login(settings_for())
    location = authorize(login.url)
    twitch.answers.clear()
    with ThreadPoolExecutor(1) as executor:
        before = twitch.received
        first = executor.submit(requests.get, location, timeout=TIMEOUT_S)
        wait_for(lambda: twitch.received > before, TIMEOUT_S, "the exchange of the code")
        assert "This login is over" in text_of(requests.get(location, timeout=TIMEOUT_S))
        twitch.answers.set()
        assert "Logged in as somebot" in text_of(first.result())
    assert login.result.result(TIMEOUT_S).login == "somebot"


def test_other_paths_are_not_found(settings_for: SettingsFor) -> None:
    """Browsers request /favicon.ico; that does not end the login."""
    login = Login(settings_for())
    response = requests.get(login.url.replace("/auth", "/favicon.ico"), timeout=TIMEOUT_S)
    assert response.status_code == 404
    requests.get(authorize(login.url), timeout=TIMEOUT_S)
    assert login.result.result(TIMEOUT_S)


def test_an_idle_connection_does_not_block_the_login(
    settings_for: SettingsFor, auth_port: int
) -> None:
    """Chromium opens connections in advance."""
    login = Login(settings_for())
    with socket.create_connection(("127.0.0.1", auth_port), timeout=TIMEOUT_S):
        requests.get(authorize(login.url), timeout=TIMEOUT_S)
        assert login.result.result(TIMEOUT_S)


def test_the_server_listens_on_loopback_only_and_ends_with_the_login(
    settings_for: SettingsFor, auth_port: int
) -> None:
    """Other hosts cannot reach it. After the login the port is closed."""
    login = Login(settings_for())
    listening = [
        fields[1]
        for fields in map(str.split, Path("/proc/net/tcp").read_text().splitlines()[1:])
        if fields[3] == "0A" and int(fields[1].partition(":")[2], 16) == auth_port
    ]
    assert [address.partition(":")[0] for address in listening] == ["0100007F"]
    requests.get(authorize(login.url), timeout=TIMEOUT_S)
    login.result.result(TIMEOUT_S)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", auth_port), timeout=TIMEOUT_S)
    assert not [thread for thread in threading.enumerate() if "serve_forever" in thread.name]


def test_a_page_is_not_cached_and_sends_no_referrer(settings_for: SettingsFor) -> None:
    """Its address contains the code."""
    login = Login(settings_for())
    page = requests.get(authorize(login.url), timeout=TIMEOUT_S)
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]


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
