"""`python -m auth revoke`: make the token worth nothing, and forget it."""

from __future__ import annotations

from collections.abc import Callable

from auth.errors import TokenInvalidError
from auth.twitch_oauth import revoke, validate
from common.settings import Settings
from common.token_store import locked_token_store


def revoke_token(settings: Settings, say: Callable[[str], None]) -> None:
    """
    Revoke the token that readers use: that in the token store, which is removed, else the static.

    Raises AuthError when Twitch does not do it, and TokenStoreError when the store cannot be used;
    it is then still there.
    """
    with locked_token_store(settings.twitch_token_store) as store:
        token = store.read()
        if token is not None:
            how = _revoke(settings.twitch_auth_url, token.client_id, token.access_token)
            store.remove()
            say(f"The token of {token.login} {how}, and {settings.twitch_token_store} is removed.")
            return
    if settings.twitch_oauth_token:
        _revoke_static(settings, say)
    else:
        say("There is no token: readers are anonymous.")


def _revoke_static(settings: Settings, say: Callable[[str], None]) -> None:
    url, token = settings.twitch_auth_url, settings.twitch_oauth_token
    try:
        found = validate(url, token)
    except TokenInvalidError:
        say("TWITCH_OAUTH_TOKEN was not valid any more. Remove it from your settings.")
        return
    how = _revoke(url, found.client_id, token)
    say(f"The token of {found.login} {how}. Remove TWITCH_OAUTH_TOKEN from your settings.")


def _revoke(auth_url: str, client_id: str, token: str) -> str:
    try:
        revoke(auth_url, client_id, token)
    except TokenInvalidError:
        return "was not valid any more"
    return "is revoked"
