"""A Twitch to log in to, and the settings that lead there."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from common.settings import Settings, read_settings
from simulator.oauth_server import OAuthServer
from simulator.oauth_state import OAuthState, RegisteredApplication
from tests.auth.clock import Clock
from tests.auth.people import CLIENT_ID, CLIENT_SECRET, PUBLIC_CLIENT_ID
from tests.auth.scene import Scene
from tests.ports import free_port

#: Gives settings, with more of them than those that lead to the server.
SettingsFor = Callable[..., Settings]

#: In the block of what it gives, nothing can be stored.
FullDisk = Callable[[], AbstractContextManager[None]]


@pytest.fixture
def clock() -> Clock:
    """Return the clock of Twitch and of whoever else asks for it."""
    return Clock()


@pytest.fixture
def auth_port() -> int:
    """Return a port for the login server."""
    return free_port()


@pytest.fixture
def twitch(clock: Clock, auth_port: int) -> Iterator[OAuthServer]:
    """Return a Twitch that knows one application of each type."""
    redirect_uri = f"http://localhost:{auth_port}/auth/callback"
    applications = {
        CLIENT_ID: RegisteredApplication(CLIENT_SECRET, (redirect_uri,)),
        PUBLIC_CLIENT_ID: RegisteredApplication(None),
    }
    with OAuthServer(OAuthState(applications=applications, clock=clock)) as server:
        yield server


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Return the path of a token store that is not there yet."""
    return tmp_path / "tokenStore.json"


@pytest.fixture
def environment(twitch: OAuthServer, auth_port: int, store: Path) -> dict[str, str]:
    """Return the environment variables that lead to *twitch* and *store*."""
    return {
        "TWITCH_AUTH_URL": twitch.url,
        "TWITCH_CLIENT_ID": CLIENT_ID,
        "TWITCH_CLIENT_SECRET": CLIENT_SECRET,
        "TWITCH_REDIRECT_URI": f"http://localhost:{auth_port}/auth/callback",
        "TWITCH_AUTH_PORT": str(auth_port),
        "TWITCH_TOKEN_STORE": str(store),
    }


@pytest.fixture
def settings_for(environment: dict[str, str]) -> SettingsFor:
    """Return a function that gives settings: those of *environment*, and those it is given."""

    def give(**more: str) -> Settings:
        return read_settings(environment | more)

    return give


@pytest.fixture
def scene(twitch: OAuthServer, store: Path, clock: Clock) -> Scene:
    """Return where it all happens."""
    return Scene(twitch, store, clock)


@pytest.fixture
def settings(settings_for: SettingsFor) -> Settings:
    """Return the settings of an application with a secret."""
    return settings_for()


@pytest.fixture
def public_settings(settings_for: SettingsFor) -> Settings:
    """Return the settings of an application of the type Public."""
    return settings_for(TWITCH_CLIENT_ID=PUBLIC_CLIENT_ID, TWITCH_CLIENT_SECRET="")


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> FullDisk:
    """Return a function that fills the disk for a block."""

    def no_space(*_arguments: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    @contextmanager
    def full() -> Iterator[None]:
        with monkeypatch.context() as context:
            context.setattr("common.token_store.replace_file", no_space)
            yield

    return full
