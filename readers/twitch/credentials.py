"""Who a reader logs in as: the account that a token belongs to, or nobody in particular."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from common.settings import Settings, SettingsError
from common.token_store import StoredToken, TokenStoreError, read_token
from readers.twitch.errors import LoginRefusedError

_NO_USERNAME = (
    "TWITCH_USERNAME is not set, but should hold the login name of the account that"
    " TWITCH_OAUTH_TOKEN belongs to"
)


class Credentials(NamedTuple):
    """A nick, and the access token that proves it; None for an anonymous login."""

    nick: str
    token: str | None
    #: Whether Twitch has said whose token it is; the account may have another name since.
    verified: bool = False
    #: What to look into when Twitch refuses them.
    advice: str = ""

    def __repr__(self) -> str:
        return f"Credentials(nick={self.nick!r})"


def check_login(settings: Settings) -> None:
    """Raise SettingsError when the settings alone tell that nobody can log in with them."""
    static = settings.twitch_oauth_token and not settings.twitch_token_store.exists()
    if static and not settings.twitch_username:
        raise SettingsError(_NO_USERNAME)


def has_account(settings: Settings) -> bool:
    """Return whether readers log in with an account, be it good or not."""
    return bool(settings.twitch_oauth_token) or settings.twitch_token_store.exists()


def credentials(settings: Settings) -> Credentials:
    """
    Return what to log in with now: what the token store holds, else the static token.

    Without either that is one of the `justinfan` nicks, which may read every channel. Raises
    LoginRefusedError when there is a token that cannot be used, before Twitch sees it.
    """
    try:
        stored = read_token(settings.twitch_token_store)
    except TokenStoreError as error:
        raise LoginRefusedError(str(error)) from None
    if stored:
        return _stored(settings, stored)
    if settings.twitch_oauth_token:
        return _static(settings)
    return Credentials(f"justinfan{random.randint(10_000, 99_999)}", None)  # noqa: S311 - no secret


@contextmanager
def advised(credentials: Credentials) -> Iterator[None]:
    """Have a LoginRefusedError that Twitch causes say what to look into, too."""
    try:
        yield
    except LoginRefusedError as refusal:
        text = f"{refusal}: {credentials.advice}" if credentials.advice else str(refusal)
        raise LoginRefusedError(text) from None


def check_nick(credentials: Credentials, nick: str) -> None:
    """
    Raise LoginRefusedError when Twitch calls us *nick*, which is not whom we wanted to be.

    Whatever NICK says, Twitch takes the account that the token belongs to.
    """
    if credentials.token and nick != credentials.nick and not credentials.verified:
        raise LoginRefusedError(
            f"the token belongs to {nick}, but TWITCH_USERNAME is {credentials.nick}"
        )


def _stored(settings: Settings, stored: StoredToken) -> Credentials:
    if settings.twitch_username and stored.login != settings.twitch_username:
        raise LoginRefusedError(
            f"the login in {settings.twitch_token_store} is that of {stored.login}, but"
            f" TWITCH_USERNAME is {settings.twitch_username}: run `python -m auth login` and log in"
            " as the latter, or change TWITCH_USERNAME"
        )
    return Credentials(
        stored.login,
        stored.access_token,
        verified=True,
        advice=f"`python -m auth` has to run, which renews {settings.twitch_token_store};"
        " `python -m auth status` tells how that is doing",
    )


def _static(settings: Settings) -> Credentials:
    if not settings.twitch_username:
        raise LoginRefusedError(_NO_USERNAME)
    return Credentials(
        settings.twitch_username,
        settings.twitch_oauth_token,
        advice="TWITCH_OAUTH_TOKEN may have expired; `python -m auth status` tells",
    )
