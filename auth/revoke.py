"""`python -m auth revoke`: revoke the token and remove the token store."""

from __future__ import annotations

from collections.abc import Callable

from auth.errors import TokenInvalidError
from auth.twitch_oauth import revoke, validate
from common.settings import Settings
from common.token_store import TokenStoreError, locked_token_store


def revoke_token(settings: Settings, say: Callable[[str], None]) -> None:
    """
    Revoke the token in the token store and remove the store; without a store, the static token.

    Raises AuthError if Twitch does not revoke it, and TokenStoreError if the store cannot be used.
    The store is then kept.
    """
    with locked_token_store(settings.twitch_token_store) as store:
        token = store.read()
        if token is not None:
            how = _revoke(settings.twitch_auth_url, token.client_id, token.access_token)
            try:
                store.remove()
            except TokenStoreError as error:
                raise TokenStoreError(f"the token of {token.login} {how}, but {error}") from None
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
        say("TWITCH_OAUTH_TOKEN was already invalid. Remove it from your settings.")
        return
    how = _revoke(url, found.client_id, token)
    say(f"The token of {found.login} {how}. Remove TWITCH_OAUTH_TOKEN from your settings.")


def _revoke(auth_url: str, client_id: str, token: str) -> str:
    try:
        revoke(auth_url, client_id, token)
    except TokenInvalidError:
        return "was already invalid"
    return "is revoked"
