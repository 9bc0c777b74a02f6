"""Twitch, its clock and a token store, for tests of who keeps the one valid for the other."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from auth.keeper import TokenKeeper
from common.settings import Settings
from common.token_store import StoredToken, locked_token_store, read_token
from simulator.logins import made_up_id
from simulator.oauth_server import OAuthServer
from tests.auth.clock import Clock
from tests.auth.people import CLIENT_ID, log_in

HOUR_S = 3600
LIFE_S = 4 * HOUR_S

#: When a token of that life is renewed, without jitter.
DUE_S = LIFE_S * 0.9


@dataclass
class Scene:
    """Twitch, its clock, and a token store."""

    twitch: OAuthServer
    store: Path
    clock: Clock

    def put(self, client_id: str = CLIENT_ID) -> StoredToken:
        """Store a login that was made now; return it."""
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
        """Return whether Twitch takes the token in the store now."""
        return self.stored().access_token in self.twitch.state.valid_tokens

    def calls(self, what: str) -> int:
        """Return how often Twitch was asked for *what*."""
        return self.twitch.state.calls.count(what)

    def keeper(self, settings: Settings) -> TokenKeeper:
        """Return a keeper without jitter."""
        return TokenKeeper(settings, self.clock, chance=lambda: 0.0)


def messages(caplog: pytest.LogCaptureFixture, level: int) -> list[str]:
    """Return what was logged at *level*."""
    return [record.getMessage() for record in caplog.records if record.levelno == level]
