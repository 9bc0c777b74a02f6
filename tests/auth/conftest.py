"""Fixtures: a local Twitch OAuth server, its clock, and settings that point to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from auth.status_page import AuthPage
from auth.twitch_oauth import Application
from common.settings import Settings, read_settings
from simulator.oauth_server import OAuthServer
from simulator.oauth_state import OAuthState, RegisteredApplication
from tests.auth.clock import Clock
from tests.auth.people import CLIENT_ID, CLIENT_SECRET, PUBLIC_CLIENT_ID
from tests.auth.scene import Scene
from tests.ports import free_port

#: Returns settings that point to the server; keyword arguments add or replace variables.
SettingsFor = Callable[..., Settings]


@pytest.fixture
def clock() -> Clock:
    """Return the clock that the OAuth server and the code under test share."""
    return Clock()


@pytest.fixture
def auth_port() -> int:
    """Return a port for the login server."""
    return free_port()


@pytest.fixture
def twitch(clock: Clock, auth_port: int) -> Iterator[OAuthServer]:
    """Return an OAuth server with one registered application of each type."""
    redirect_uri = f"http://localhost:{auth_port}/auth/callback"
    applications = {
        CLIENT_ID: RegisteredApplication(CLIENT_SECRET, (redirect_uri,)),
        PUBLIC_CLIENT_ID: RegisteredApplication(None),
    }
    with OAuthServer(OAuthState(applications=applications, clock=clock)) as server:
        yield server


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Return the path of a token store that does not exist yet."""
    return tmp_path / "tokenStore.json"


@pytest.fixture
def environment(twitch: OAuthServer, auth_port: int, store: Path, tmp_path: Path) -> dict[str, str]:
    """Return the environment variables that point to *twitch* and *store*."""
    return {
        "TWITCH_AUTH_URL": twitch.url,
        "TWITCH_CLIENT_ID": CLIENT_ID,
        "TWITCH_CLIENT_SECRET": CLIENT_SECRET,
        "TWITCH_REDIRECT_URI": f"http://localhost:{auth_port}/auth/callback",
        "TWITCH_AUTH_PORT": str(auth_port),
        "TWITCH_TOKEN_STORE": str(store),
        "STATE_DIR": str(tmp_path / "var"),
    }


@pytest.fixture
def settings_for(environment: dict[str, str]) -> SettingsFor:
    """Return a function that reads settings from *environment* and its keyword arguments."""

    def read(**more: str) -> Settings:
        return read_settings(environment | more)

    return read


@pytest.fixture
def page(settings: Settings, clock: Clock) -> Iterator[AuthPage]:
    """Yield auth's status page."""
    page = AuthPage(settings.state_dir, clock)
    yield page
    page.close()


@pytest.fixture
def scene(twitch: OAuthServer, store: Path, clock: Clock, page: AuthPage) -> Scene:
    """Return the OAuth server, the token store, the clock and the page."""
    return Scene(twitch, store, clock, page)


@pytest.fixture
def settings(settings_for: SettingsFor) -> Settings:
    """Return the settings of an application with a secret."""
    return settings_for()


@pytest.fixture
def public_settings(settings_for: SettingsFor) -> Settings:
    """Return the settings of a public application, which has no secret."""
    return settings_for(TWITCH_CLIENT_ID=PUBLIC_CLIENT_ID, TWITCH_CLIENT_SECRET="")


@pytest.fixture
def app(twitch: OAuthServer) -> Application:
    """Return an application that Twitch knows, with its secret."""
    return Application(CLIENT_ID, CLIENT_SECRET, twitch.url)
