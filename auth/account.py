"""Checks the account of a token against the settings, and stores logins."""

from __future__ import annotations

import time
from collections.abc import Callable

from auth.errors import LoginFailedError
from auth.responses import Tokens, Validation
from auth.twitch_oauth import validate
from common.settings import Settings
from common.token_store import StoredToken, locked_token_store

#: The scope needed to read chat. https://dev.twitch.tv/docs/chat/irc/#authenticating-with-the-twitch-irc-server
CHAT_SCOPE = "chat:read"


def check_account(settings: Settings, found: Validation) -> None:
    """Raise LoginFailedError if a token is of the wrong account or lacks the scope for chat."""
    if settings.twitch_username and found.login != settings.twitch_username:
        raise LoginFailedError(
            f"the token belongs to {found.login}, but TWITCH_USERNAME is"
            f" {settings.twitch_username}: log in to Twitch as {settings.twitch_username}, or"
            " change TWITCH_USERNAME"
        )
    if CHAT_SCOPE not in (found.scopes or ()):
        raise LoginFailedError(
            f"the token lacks the scope {CHAT_SCOPE}, which is needed to read chat: add it to"
            " TWITCH_SCOPES and log in again"
        )


def check_store(settings: Settings) -> None:
    """Raise TokenStoreError if a login could not be stored. Checked before a person logs in."""
    with locked_token_store(settings.twitch_token_store) as store:
        store.check_writable()


def complete_login(
    settings: Settings, tokens: Tokens, clock: Callable[[], float] = time.time
) -> StoredToken:
    """
    Ask Twitch for the account of *tokens*, store the login and return it.

    Raises AuthError if the request fails or the settings require another account or scope, and
    TokenStoreError if the login cannot be stored.
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
