"""
The state of a local Twitch OAuth server: applications, grants, tokens, and pending codes.

Rules and wording follow https://dev.twitch.tv/docs/authentication/. Where that says nothing, they
follow reported behaviour of Twitch. Times are Unix seconds.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Iterator, MutableMapping
from dataclasses import dataclass, field
from http import HTTPStatus

from simulator.logins import made_up_id

#: Appended to each refresh token, because Twitch's tokens may contain such characters.
AWKWARD = "/+%2F=&"


class OAuthRefusedError(Exception):
    """Raised when Twitch would refuse a request, with the response's status and `message`."""

    def __init__(self, message: str, status: int = HTTPStatus.BAD_REQUEST) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class RegisteredApplication:
    """An application as it is registered in Twitch's developer console."""

    #: None for an application of type Public.
    secret: str | None
    redirect_uris: tuple[str, ...] = ()


@dataclass
class Grant:
    """The access that a person has allowed an application."""

    client_id: str
    login: str
    scopes: list[str]


@dataclass
class AccessToken:
    """An issued access token."""

    grant: Grant
    expires_at: float


@dataclass
class PendingCode:
    """An authorization code or device code that has not been exchanged yet."""

    grant: Grant
    expires_at: float
    redirect_uri: str = ""
    user_code: str = ""
    interval_s: float = 0.0
    asked_at: float = 0.0
    #: Whether the person has allowed the device; None until the person has decided.
    allowed: bool | None = None


class ValidTokens(MutableMapping[str, str]):
    """
    The login of each valid access token, for use as a chat server's `state.tokens`.

    It is true even if it is empty, so a chat server then accepts no token. Tests may add tokens
    that were not issued. Those never expire.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self.issued: dict[str, AccessToken] = {}
        self._clock = clock

    def __bool__(self) -> bool:
        return True

    def __getitem__(self, token: str) -> str:
        found = self.issued[token]
        if self._clock() >= found.expires_at:
            raise KeyError(token)
        return found.grant.login

    def __setitem__(self, token: str, login: str) -> None:
        self.issued[token] = AccessToken(Grant("", login, []), float("inf"))

    def __delitem__(self, token: str) -> None:
        del self.issued[token]

    def __iter__(self) -> Iterator[str]:
        return iter([token for token in list(self.issued) if token in self])

    def __len__(self) -> int:
        return len(list(iter(self)))


@dataclass
class OAuthState:
    """The state of one OAuth server. Tests may change it at any time."""

    applications: dict[str, RegisteredApplication] = field(default_factory=dict)
    #: The account that is logged in to Twitch in the browser. Grants are for this account.
    login: str = "somebot"
    token_life_s: float = 4 * 3600.0
    code_life_s: float = 60.0
    device_code_life_s: float = 1800.0
    device_interval_s: float = 5.0
    #: False: the response to a refresh token that stays valid does not repeat it (RFC 6749, 6).
    repeats_refresh_token: bool = True
    clock: Callable[[], float] = time.time
    #: The requests in order: "validate", "token refresh_token" and so on.
    calls: list[str] = field(default_factory=list)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def __post_init__(self) -> None:
        self.valid_tokens = ValidTokens(self.clock)
        self.codes: dict[str, PendingCode] = {}
        self.device_codes: dict[str, PendingCode] = {}
        self.refresh_tokens: dict[str, Grant] = {}

    def disconnect(self) -> None:
        """Invalidate every token, as a new password or a click on Disconnect does."""
        with self.lock:
            self.valid_tokens.issued.clear()
            self.refresh_tokens.clear()

    def decide_device(self, user_code: str, *, allowed: bool) -> None:
        """Allow or deny the device with *user_code*. Raises OAuthRefusedError if it is invalid."""
        with self.lock:
            for pending in self.device_codes.values():
                if pending.user_code == user_code and self.clock() < pending.expires_at:
                    pending.allowed = allowed
                    pending.grant.login = self.login
                    return
        raise OAuthRefusedError("invalid user code")

    def issue(self, grant: Grant) -> dict[str, object]:
        """Issue new tokens for *grant*; return the content of the token endpoint's response."""
        refresh_token = secrets.token_hex(20) + AWKWARD
        self.refresh_tokens[refresh_token] = grant
        return self.issue_access(grant) | {"refresh_token": refresh_token}

    def issue_access(self, grant: Grant) -> dict[str, object]:
        """Issue a new access token for *grant*; return the response without a refresh token."""
        token = secrets.token_hex(15)
        expires_at = self.clock() + self.token_life_s
        self.valid_tokens.issued[token] = AccessToken(grant, expires_at)
        return {
            "access_token": token,
            "expires_in": int(self.token_life_s),
            "scope": grant.scopes,
            "token_type": "bearer",
        }

    def application(self, client_id: str) -> RegisteredApplication:
        """Return the application *client_id*. Raises OAuthRefusedError if it is unknown."""
        if client_id not in self.applications:
            raise OAuthRefusedError("invalid client")
        return self.applications[client_id]

    def user_id(self, login: str) -> str:
        """Return the user id of *login*, the same as in the chat server."""
        return made_up_id(login)
