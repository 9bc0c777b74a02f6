"""The login of a reader: the account that a token belongs to, or an anonymous nick."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from common.command_line import command
from common.setting_values import is_loopback_host
from common.settings import Settings, SettingsError
from common.token_store import StoredToken, TokenStoreError, has_token_store, read_token
from readers.twitch.errors import LoginRefusedError

_NO_USERNAME = (
    "TWITCH_USERNAME is not set: set it to the login name of the account that"
    " TWITCH_OAUTH_TOKEN belongs to"
)


_NOT_ENCRYPTED = (
    "TWITCH_IRC_TLS is false, so the token would be sent to TWITCH_IRC_HOST without encryption: set"
    " it to true, read without a login, or use a server on this host"
)


class Credentials(NamedTuple):
    """A nick and its access token; the token is None for an anonymous login."""

    nick: str
    token: str | None
    #: Whether Twitch has confirmed the token's owner, who may have been renamed since.
    verified: bool = False
    #: What to check when Twitch rejects the login.
    advice: str = ""

    def __repr__(self) -> str:
        return f"Credentials(nick={self.nick!r})"


def check_login(settings: Settings) -> None:
    """Raise SettingsError if the settings alone show that the login cannot succeed."""
    static = settings.twitch_oauth_token and not has_token_store(settings.twitch_token_store)
    if static and not settings.twitch_username:
        raise SettingsError(_NO_USERNAME)
    if has_account(settings) and not _keeps_secrets(settings):
        raise SettingsError(_NOT_ENCRYPTED)


def has_account(settings: Settings) -> bool:
    """Return whether readers log in with an account, valid or not."""
    return bool(settings.twitch_oauth_token) or has_token_store(settings.twitch_token_store)


def credentials(settings: Settings) -> Credentials:
    """
    Return the current credentials: from the token store, else from the static token.

    Without either, returns an anonymous `justinfan` nick, which may read every channel. Raises
    LoginRefusedError, without contacting Twitch, if there is a token that cannot be used.
    """
    try:
        stored = read_token(settings.twitch_token_store)
    except TokenStoreError as error:
        raise LoginRefusedError(str(error)) from None
    if stored and not _keeps_secrets(settings):
        # The login was made after `check_login`.
        raise LoginRefusedError(_NOT_ENCRYPTED)
    if stored:
        return _stored(settings, stored)
    if settings.twitch_oauth_token:
        return _static(settings)
    return Credentials(f"justinfan{random.randint(10_000, 99_999)}", None)  # noqa: S311 - no secret


@contextmanager
def advised(credentials: Credentials) -> Iterator[None]:
    """Append the advice of *credentials* to a LoginRefusedError raised in the block."""
    try:
        yield
    except LoginRefusedError as refusal:
        text = f"{refusal}: {credentials.advice}" if credentials.advice else str(refusal)
        raise LoginRefusedError(text) from None


def check_nick(credentials: Credentials, nick: str) -> None:
    """
    Raise LoginRefusedError if *nick*, which Twitch assigned, is not that of *credentials*.

    Twitch ignores NICK, and uses the account that the token belongs to.
    """
    if credentials.token and nick != credentials.nick and not credentials.verified:
        raise LoginRefusedError(
            f"the token belongs to {nick}, but TWITCH_USERNAME is {credentials.nick}"
        )


def _keeps_secrets(settings: Settings) -> bool:
    """Return whether nobody on the network can read what is sent to the chat server."""
    return settings.twitch_irc_tls or is_loopback_host(settings.twitch_irc_host)


def _stored(settings: Settings, stored: StoredToken) -> Credentials:
    if settings.twitch_username and stored.login != settings.twitch_username:
        raise LoginRefusedError(
            f"{settings.twitch_token_store} holds the login of {stored.login}, but"
            f" TWITCH_USERNAME is {settings.twitch_username}: log in to that account with"
            f" `{command('auth', 'login')}`, or change TWITCH_USERNAME"
        )
    return Credentials(
        stored.login,
        stored.access_token,
        verified=True,
        advice=f"check that auth runs, which renews {settings.twitch_token_store}, and check the"
        f" token with `{command('auth', 'status')}`",
    )


def _static(settings: Settings) -> Credentials:
    if not settings.twitch_username:
        raise LoginRefusedError(_NO_USERNAME)
    return Credentials(
        settings.twitch_username,
        settings.twitch_oauth_token,
        advice=f"TWITCH_OAUTH_TOKEN may have expired; check it with `{command('auth', 'status')}`",
    )
