"""The server of a browser login: which requests count, and what it sends."""

from __future__ import annotations

import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from simulator.oauth_server import OAuthServer
from tests.auth.browser_logins import Login, text_of
from tests.auth.conftest import SettingsFor
from tests.auth.people import TIMEOUT_S, authorize
from tests.processes import wait_for


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
