"""Twitch's rules for PASS and NICK: which logins are accepted, for which account."""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass

LOGIN_PATTERN = re.compile(r"[a-z0-9_]{1,25}")
_ANONYMOUS_PATTERN = re.compile(r"justinfan\d+")
_PASSWORD_PATTERN = re.compile(r"oauth:[a-zA-Z0-9]+")

AUTHENTICATION_FAILED = "Login authentication failed"
IMPROPERLY_FORMATTED = "Improperly formatted auth"
INVALID_NICK = "Invalid NICK"
NICK_ALREADY_SET = "NICK already set"


class LoginRefusedError(Exception):
    """Raised when a login is refused. The text is that of Twitch's NOTICE."""


@dataclass(frozen=True)
class Account:
    """The account that a client has logged in with."""

    login: str
    anonymous: bool

    @property
    def user_id(self) -> str:
        """The made-up user id of this login."""
        return made_up_id(self.login)


def judge_login(nick: str, password: str | None, tokens: Mapping[str, str]) -> Account:
    """
    Return the account for a NICK, sent after a PASS if *password* is not None.

    *tokens* maps each valid token, without `oauth:`, to its login. If it is empty, every
    well-formed token is valid for any login. As on Twitch, the token decides the account, not the
    NICK. Raises LoginRefusedError if Twitch would refuse the login.
    """
    nick = nick.lower()
    if not LOGIN_PATTERN.fullmatch(nick):
        raise LoginRefusedError(INVALID_NICK)
    if _ANONYMOUS_PATTERN.fullmatch(nick):
        return Account(nick, anonymous=True)
    if password is None or not _PASSWORD_PATTERN.fullmatch(password):
        raise LoginRefusedError(IMPROPERLY_FORMATTED)
    if not tokens:
        return Account(nick, anonymous=False)
    login = tokens.get(password.removeprefix("oauth:"))
    if login is None:
        raise LoginRefusedError(AUTHENTICATION_FAILED)
    return Account(login, anonymous=False)


def made_up_id(name: str) -> str:
    """Return a made-up id of a user or channel: always the same for the same *name*."""
    return str(100_000_000 + zlib.crc32(name.encode()) % 800_000_000)
