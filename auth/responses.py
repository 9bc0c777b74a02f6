"""Decodes the responses of Twitch's OAuth server, and maps its error messages to exceptions."""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus
from typing import TypeVar

import msgspec
import requests

from auth.errors import (
    ApplicationRefusedError,
    AuthError,
    GrantRefusedError,
    PendingError,
    RefusedError,
    SlowDownError,
    TokenInvalidError,
    TwitchUnreachableError,
)
from common.token_store import Token

#: Maximum length of the part of Twitch's message that is shown.
_SHOWN_CHARACTERS = 200

_LOG_IN = "log in again with `python -m auth login`"
_APPLICATION = "https://dev.twitch.tv/console/apps (Manage)"

#: Part of Twitch's message in lower case, the error that it means, what to do. The first match
#: counts. https://dev.twitch.tv/docs/authentication/, RFC 8628 (3.5), and messages seen by others.
_REFUSALS: tuple[tuple[str, type[AuthError], str], ...] = (
    ("authorization pending", PendingError, "authorize it in the browser"),
    ("slow down", SlowDownError, "poll less often"),
    (
        "access denied",
        GrantRefusedError,
        "Cancel was clicked: start again if that was a mistake",
    ),
    ("expired token", GrantRefusedError, "the code was not used in time: start again"),
    (
        "device code",
        GrantRefusedError,
        "the code has expired, was denied, or was already used: start again",
    ),
    (
        "client secret",
        ApplicationRefusedError,
        f"set TWITCH_CLIENT_SECRET to the whole secret (New Secret) from {_APPLICATION}; for a"
        " Public application, which has none, leave it unset",
    ),
    (
        "redirect",
        ApplicationRefusedError,
        "TWITCH_REDIRECT_URI must be one of the application's OAuth Redirect URLs, character for"
        f" character: see {_APPLICATION}",
    ),
    (
        "client",
        ApplicationRefusedError,
        f"set TWITCH_CLIENT_ID and TWITCH_CLIENT_SECRET to the values from {_APPLICATION}; a"
        " Public application can only use `python -m auth login --device`",
    ),
    (
        "authorization code",
        GrantRefusedError,
        "a code lasts about a minute and can be used once: start again",
    ),
    (
        "refresh token",
        GrantRefusedError,
        "the password was changed, the application was disconnected, or the login was not used for"
        f" 30 days: {_LOG_IN}",
    ),
    ("grant", GrantRefusedError, _LOG_IN),
    ("token", TokenInvalidError, f"it has expired or was revoked: {_LOG_IN}"),
)

_OTHERWISE = (
    "check TWITCH_REDIRECT_URI, TWITCH_CLIENT_ID and TWITCH_CLIENT_SECRET, then start again: a code"
    " lasts about a minute and can be used once"
)


class Tokens(msgspec.Struct, frozen=True):
    """Twitch's response to a code or a refresh token."""

    access_token: Token
    #: Lifetime of the access token, in seconds.
    expires_in: float
    refresh_token: Token | None = None

    def __repr__(self) -> str:
        return f"Tokens(expires_in={self.expires_in!r})"


class Validation(msgspec.Struct, frozen=True):
    """Twitch's information about a valid access token."""

    client_id: str
    login: str
    user_id: str
    #: Remaining lifetime in seconds; 0 for a legacy token that does not expire.
    expires_in: float
    scopes: list[str] | None = None


class DeviceCode(msgspec.Struct, frozen=True):
    """What a person needs to authorize a device, and what the device needs to poll for it."""

    device_code: str
    user_code: str
    verification_uri: str
    #: Lifetime of the codes, in seconds.
    expires_in: float
    #: Seconds between two polls. RFC 8628 (3.2) defines the default.
    interval: float = 5.0

    def __repr__(self) -> str:
        return f"DeviceCode(user_code={self.user_code!r})"


OAuthResponse = TypeVar("OAuthResponse", Tokens, Validation, DeviceCode)


def read_response(response: requests.Response, kind: type[OAuthResponse]) -> OAuthResponse:
    """Decode the body of *response* as *kind*. Raises msgspec.MsgspecError if that fails."""
    return msgspec.json.decode(response.content, type=kind)


def check(response: requests.Response, secrets: Iterable[str]) -> requests.Response:
    """
    Return *response* if its status is 200.

    Otherwise raises the matching AuthError. Its text contains none of the *secrets*, even if the
    server repeats them.
    """
    status = response.status_code
    if status == HTTPStatus.OK:
        return response
    message = _message(response)
    for secret in filter(None, secrets):
        message = message.replace(secret, "***")
    if status >= 500 or status in {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}:
        raise TwitchUnreachableError(
            f"Twitch returned status {status} ({message}): try again later"
        )
    raise refusal(message, status)


def refusal(message: str, status: int | None = None) -> AuthError:
    """Return the error that Twitch's *message* means. Its text says what to do."""
    # Untrusted: the message may come from a URL that a browser opened.
    shown = "".join(filter(str.isprintable, message))[:_SHOWN_CHARACTERS]
    problem = f"Twitch says {shown!r}" + (f" ({status})" if status else "")
    known = message.lower().replace("_", " ")
    for part, kind, advice in _REFUSALS:
        if part in known:
            return kind(f"{problem}: {advice}")
    return RefusedError(f"{problem}: {_OTHERWISE}")


def _message(response: requests.Response) -> str:
    """Return Twitch's message, or the HTTP reason phrase if there is none."""
    try:
        return str(response.json()["message"])
    except (ValueError, KeyError, TypeError):
        return str(response.reason or "no reason given")
