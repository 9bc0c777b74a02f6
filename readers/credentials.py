"""Who a reader logs in as: the account that a token belongs to, or nobody in particular."""

from __future__ import annotations

import random
from typing import NamedTuple

from common.settings import Settings, SettingsError


class Credentials(NamedTuple):
    """A nick, and the access token that proves it; None for an anonymous login."""

    nick: str
    token: str | None

    def __repr__(self) -> str:
        return f"Credentials(nick={self.nick!r})"


def credentials(settings: Settings) -> Credentials:
    """
    Return what to log in with.

    Without a token that is one of the `justinfan` nicks, which may read every channel. Raises
    SettingsError when there is a token, but not the name of its account.
    """
    if not settings.twitch_oauth_token:
        return Credentials(f"justinfan{random.randint(10_000, 99_999)}", None)  # noqa: S311 - no secret
    if not settings.twitch_username:
        raise SettingsError(
            "TWITCH_USERNAME is not set, but should hold the login name of the account"
            " that TWITCH_OAUTH_TOKEN belongs to"
        )
    return Credentials(settings.twitch_username, settings.twitch_oauth_token)
