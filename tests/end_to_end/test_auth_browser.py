"""The browser login, in a real Chromium."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from common.token_store import read_token
from simulator.oauth_server import OAuthServer
from simulator.oauth_state import OAuthState, RegisteredApplication
from tests.browser import Browser, running_browser
from tests.ports import free_port
from tests.processes import Process, StartProcess, python_module, wait_for_line

WITHIN_S = 30


@pytest.fixture
def auth_port() -> int:
    """Return a port for the login server."""
    return free_port()


@pytest.fixture
def twitch(auth_port: int) -> Iterator[OAuthServer]:
    """Yield a simulated OAuth server with one application."""
    redirect_uri = f"http://localhost:{auth_port}/auth/callback"
    applications = {"someclient": RegisteredApplication("somesecret", (redirect_uri,))}
    with OAuthServer(OAuthState(applications=applications, clock=time.time)) as server:
        yield server


@pytest.fixture
def browser(processes: StartProcess, short_folder: Path) -> Iterator[Browser]:
    """Yield a running Chromium."""
    with running_browser(processes, short_folder) as running:
        yield running


@pytest.fixture
def login(processes: StartProcess, twitch: OAuthServer, auth_port: int) -> Process:
    """Return a login process that waits for the browser."""
    environment = {
        "TWITCH_AUTH_URL": twitch.url,
        "TWITCH_AUTH_PORT": str(auth_port),
        "TWITCH_REDIRECT_URI": f"http://localhost:{auth_port}/auth/callback",
        "TWITCH_CLIENT_ID": "someclient",
        "TWITCH_CLIENT_SECRET": "somesecret",
    }
    return processes(python_module("auth", "login"), environment)


def start_address(login: Process) -> str:
    """Return the address that the user is asked to open."""
    return wait_for_line(login, r"http://localhost:\d+/auth\b", WITHIN_S)[0]


def test_a_user_logs_in_with_a_click(
    browser: Browser, login: Process, twitch: OAuthServer, short_folder: Path
) -> None:
    """After a click on Authorize the page names the account, and the token is stored."""
    browser.open(start_address(login))
    assert browser.url().startswith(f"{twitch.url}/authorize?")
    assert "wants to read the chat as somebot" in browser.text()
    browser.click("Authorize")
    assert browser.text().splitlines() == [
        "Logged in as somebot",
        "",
        "Authentication successful. You can close this window.",
    ]
    assert login.wait(WITHIN_S) == 0
    token = read_token(short_folder / "tokenStore.json")
    assert token is not None
    assert token.login == "somebot"
    assert token.access_token in twitch.state.valid_tokens


def test_cancel_is_reported_as_a_failed_login(
    browser: Browser, login: Process, short_folder: Path
) -> None:
    """On the page and in the terminal. No token is stored."""
    browser.open(start_address(login))
    browser.click("Cancel")
    assert browser.text().startswith("Login failed\n")
    assert "Cancel was clicked" in browser.text()
    assert login.wait(WITHIN_S) == 1
    assert "Cancel was clicked" in login.output()
    assert read_token(short_folder / "tokenStore.json") is None
