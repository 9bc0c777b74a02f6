"""Whose a token is, and whether that is whom the settings ask for."""

from __future__ import annotations

import time
from collections.abc import Callable

from auth.errors import LoginFailedError
from auth.responses import Tokens, Validation
from auth.twitch_oauth import validate
from common.settings import Settings
from common.token_store import StoredToken, locked_token_store

#: What reading chat takes. https://dev.twitch.tv/docs/chat/irc/#authenticating-with-the-twitch-irc-server
CHAT_SCOPE = "chat:read"


def check_account(settings: Settings, found: Validation) -> None:
    """Raise LoginFailedError when a token cannot be used, or not as the settings say."""
    if settings.twitch_username and found.login != settings.twitch_username:
        raise LoginFailedError(
            f"the token belongs to {found.login}, but TWITCH_USERNAME is"
            f" {settings.twitch_username}: log in to Twitch as {settings.twitch_username}, or"
            " change TWITCH_USERNAME"
        )
    if CHAT_SCOPE not in (found.scopes or ()):
        raise LoginFailedError(
            f"the token lacks the scope {CHAT_SCOPE}, without which chat cannot be read: let"
            " TWITCH_SCOPES contain it, and log in anew"
        )


def complete_login(
    settings: Settings, tokens: Tokens, clock: Callable[[], float] = time.time
) -> StoredToken:
    """
    Store a login, and return it, once Twitch has told whose it is.

    Raises AuthError when that fails or it is not whom the settings ask for, and TokenStoreError
    when it cannot be stored.
    """
    now = clock()
    found = validate(settings.twitch_auth_url, tokens.access_token)
    check_account(settings, found)
    token = StoredToken(
        access_token=tokens.access_token,
        refresh_token=tokens.refresh_token,
        login=found.login,
        user_id=found.user_id,
        client_id=found.client_id,
        scopes=found.scopes or [],
        obtained_at=now,
        expires_at=now + tokens.expires_in,
    )
    with locked_token_store(settings.twitch_token_store) as store:
        store.write(token)
    return token
