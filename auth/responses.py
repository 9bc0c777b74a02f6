"""What Twitch's OAuth server answers: its JSON, and its refusals made into our exceptions."""

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

#: Longest part of Twitch's own words that is shown.
_SHOWN_CHARACTERS = 200

_LOG_IN = "log in anew with `python -m auth login`"
_APPLICATION = "at https://dev.twitch.tv/console/apps, under Manage"

#: What Twitch says, in part and in lower case; what that means; what to do. The first one counts.
#: https://dev.twitch.tv/docs/authentication/, RFC 8628 (3.5), and what others have seen.
_REFUSALS: tuple[tuple[str, type[AuthError], str], ...] = (
    ("authorization pending", PendingError, "authorize it in the browser"),
    ("slow down", SlowDownError, "ask less often"),
    (
        "access denied",
        GrantRefusedError,
        "somebody clicked Cancel: begin anew if that was not meant",
    ),
    ("expired token", GrantRefusedError, "the code was not used in time: begin anew"),
    (
        "device code",
        GrantRefusedError,
        "the code has expired, or was denied or used already: begin anew",
    ),
    (
        "client secret",
        ApplicationRefusedError,
        f"make TWITCH_CLIENT_SECRET the secret that you find {_APPLICATION} (New Secret), all of"
        " it; an application of the type Public has none, and needs the variable to be unset",
    ),
    (
        "redirect",
        ApplicationRefusedError,
        "TWITCH_REDIRECT_URI has to stand among the application's OAuth Redirect URLs"
        f" {_APPLICATION}, character for character",
    ),
    (
        "client",
        ApplicationRefusedError,
        f"make TWITCH_CLIENT_ID and TWITCH_CLIENT_SECRET those that you find {_APPLICATION}; an"
        " application of the type Public logs in with `python -m auth login --device` only",
    ),
    (
        "authorization code",
        GrantRefusedError,
        "a code lasts about a minute and can be used once: begin anew",
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
    "check TWITCH_REDIRECT_URI, TWITCH_CLIENT_ID and TWITCH_CLIENT_SECRET, then begin anew: a code"
    " lasts about a minute and can be used once"
)


class Tokens(msgspec.Struct, frozen=True):
    """What Twitch gives for a code, or for a refresh token."""

    access_token: Token
    #: Seconds.
    expires_in: float
    refresh_token: Token | None = None

    def __repr__(self) -> str:
        return f"Tokens(expires_in={self.expires_in!r})"


class Validation(msgspec.Struct, frozen=True):
    """What Twitch says about a valid access token."""

    client_id: str
    login: str
    user_id: str
    #: Seconds; 0 for a token of old, which does not expire.
    expires_in: float
    scopes: list[str] | None = None


class DeviceCode(msgspec.Struct, frozen=True):
    """What a person needs to authorize a device, and what the device needs to ask about it."""

    device_code: str
    user_code: str
    verification_uri: str
    #: Seconds.
    expires_in: float
    #: Seconds between two questions. RFC 8628 (3.2) gives the default.
    interval: float = 5.0

    def __repr__(self) -> str:
        return f"DeviceCode(user_code={self.user_code!r})"


OAuthResponse = TypeVar("OAuthResponse", Tokens, Validation, DeviceCode)


def read_response(response: requests.Response, kind: type[OAuthResponse]) -> OAuthResponse:
    """Return what *response* holds. Raises msgspec.MsgspecError when that is something else."""
    return msgspec.json.decode(response.content, type=kind)


def check(response: requests.Response, secrets: Iterable[str]) -> requests.Response:
    """
    Return *response* if it is a good one.

    Raises the AuthError that it means otherwise, without any of the *secrets* in its text, even if
    the server repeats them.
    """
    status = response.status_code
    if status == HTTPStatus.OK:
        return response
    message = _message(response)
    for secret in filter(None, secrets):
        message = message.replace(secret, "***")
    if status >= 500 or status in {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}:
        raise TwitchUnreachableError(f"Twitch answers {status} ({message}): try again later")
    raise refusal(message, status)


def refusal(message: str, status: int | None = None) -> AuthError:
    """Return the error that Twitch's *message* means, with what to do about it."""
    # It may have come by way of a browser, from anybody.
    shown = "".join(filter(str.isprintable, message))[:_SHOWN_CHARACTERS]
    said = f"Twitch says {shown!r}" + (f" ({status})" if status else "")
    known = message.lower().replace("_", " ")
    for part, kind, advice in _REFUSALS:
        if part in known:
            return kind(f"{said}: {advice}")
    return RefusedError(f"{said}: {_OTHERWISE}")


def _message(response: requests.Response) -> str:
    """Return Twitch's words, or those of HTTP where it has none."""
    try:
        return str(response.json()["message"])
    except (ValueError, KeyError, TypeError):
        return str(response.reason or "no reason given")
