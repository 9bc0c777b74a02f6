"""The OAuth server, its clock and a token store, for tests of the token keeper."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from auth.keeper import TokenKeeper
from auth.status_page import AuthPage
from common.settings import Settings
from common.token_store import StoredToken, locked_token_store, read_token
from simulator.logins import made_up_id
from simulator.oauth_server import OAuthServer
from tests.auth.clock import Clock
from tests.auth.people import CLIENT_ID, log_in

HOUR_S = 3600
LIFE_S = 4 * HOUR_S

#: The age at which such a token is renewed, without jitter.
DUE_S = LIFE_S * 0.9


@dataclass
class Scene:
    """The OAuth server, its clock, a token store, and auth's status page."""

    twitch: OAuthServer
    store: Path
    clock: Clock
    page: AuthPage

    def store_login(self, client_id: str = CLIENT_ID) -> StoredToken:
        """Log in now, store the login, and return it."""
        access_token, refresh_token = log_in(self.twitch, client_id)
        login = self.twitch.state.login
        token = StoredToken(
            access_token=access_token,
            refresh_token=refresh_token,
            login=login,
            user_id=made_up_id(login),
            client_id=client_id,
            scopes=["chat:read"],
            obtained_at=self.clock(),
            expires_at=self.clock() + self.twitch.state.token_life_s,
        )
        with locked_token_store(self.store) as locked:
            locked.write(token)
        return token

    def stored(self) -> StoredToken:
        """Return the login in the store."""
        token = read_token(self.store)
        assert token is not None
        return token

    def stored_is_valid(self) -> bool:
        """Return whether Twitch accepts the stored token now."""
        return self.stored().access_token in self.twitch.state.valid_tokens

    def calls(self, kind: str) -> int:
        """Return the number of requests of *kind* that Twitch received."""
        return self.twitch.state.calls.count(kind)

    def keeper(self, settings: Settings) -> TokenKeeper:
        """Return a keeper without jitter."""
        return TokenKeeper(settings, self.page, self.clock, chance=lambda: 0.0)


def messages(caplog: pytest.LogCaptureFixture, level: int) -> list[str]:
    """Return the messages logged at *level*."""
    return [record.getMessage() for record in caplog.records if record.levelno == level]
