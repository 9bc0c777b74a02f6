"""
Decodes the responses of Twitch's OAuth server, and maps its error messages to exceptions.

A proxy, a firewall or a captive portal may respond in Twitch's place, with any status and content.
So only what Twitch is known to say is a refusal. Every other response counts as no response.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from http import HTTPStatus
from typing import Annotated, TypeVar
from urllib.parse import urlsplit

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
from common.command_line import command
from common.token_store import Token

#: Maximum length of the part of Twitch's message that is shown.
_SHOWN_CHARACTERS = 200

_MEDIA_TYPE = re.compile(r"[a-z]{1,20}/[a-z0-9.+-]{1,40}")

_LOG_IN = f"log in again with `{command('auth', 'login')}`"
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
        f" Public application can only use `{command('auth', 'login', '--device')}`",
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
    ("invalid grant", GrantRefusedError, _LOG_IN),
    ("token", TokenInvalidError, f"it has expired or was revoked: {_LOG_IN}"),
)

#: The statuses with which Twitch refuses. https://dev.twitch.tv/docs/authentication/refresh-tokens/
_REFUSED = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED})

#: The further statuses with which Twitch refuses an application.
_APPLICATION_REFUSED = frozenset({HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND})

#: A lifetime in seconds: not negative, and short enough to be added to a date (a century).
Seconds = Annotated[float, msgspec.Meta(ge=0, le=3_155_760_000)]

_OTHERWISE = (
    "check TWITCH_REDIRECT_URI, TWITCH_CLIENT_ID and TWITCH_CLIENT_SECRET, then start again: a code"
    " lasts about a minute and can be used once"
)


class Tokens(msgspec.Struct, frozen=True):
    """Twitch's response to a code or a refresh token."""

    access_token: Token
    #: Lifetime of the access token; at least 1: a token of 0 s would be renewed all the time.
    expires_in: Annotated[float, msgspec.Meta(ge=1, le=3_155_760_000)]
    refresh_token: Token | None = None

    def __repr__(self) -> str:
        return f"Tokens(expires_in={self.expires_in!r})"


class Validation(msgspec.Struct, frozen=True):
    """Twitch's information about a valid access token."""

    client_id: str
    login: str
    user_id: str
    #: Remaining lifetime; 0 for a legacy token that does not expire.
    expires_in: Seconds
    scopes: list[str] | None = None


class DeviceCode(msgspec.Struct, frozen=True):
    """What a person needs to authorize a device, and what the device needs to poll for it."""

    device_code: str
    user_code: str
    verification_uri: str
    #: Lifetime of the codes.
    expires_in: Seconds
    #: Time between two polls. RFC 8628 (3.2) defines the default.
    interval: Seconds = 5.0

    def __repr__(self) -> str:
        return f"DeviceCode(user_code={self.user_code!r})"


class _Refusal(msgspec.Struct, frozen=True):
    """Twitch's response to a request that it refuses."""

    status: int
    message: str


_T = TypeVar("_T")
OAuthResponse = TypeVar("OAuthResponse", Tokens, Validation, DeviceCode)


def read_response(response: requests.Response, kind: type[OAuthResponse]) -> OAuthResponse:
    """Decode the body of *response* as *kind*. Raises TwitchUnreachableError if that fails."""
    found = _decode(response, kind)
    if found is None:
        raise _not_oauth(response)
    return found


def check(
    response: requests.Response,
    secrets: Iterable[str],
    *,
    refusals: tuple[type[AuthError], ...] = (RefusedError,),
) -> requests.Response:
    """
    Return *response* if its status is 200.

    Otherwise raises the error that Twitch's message means, if it is one of *refusals*, else
    TwitchUnreachableError. Its text contains none of the *secrets*, even if the server repeats
    them.
    """
    if response.status_code == HTTPStatus.OK:
        return response
    message = _message(response) or response.reason or "no reason given"
    for secret in filter(None, secrets):
        message = message.replace(secret, "***")
    error = refusal(message, response.status_code)
    if isinstance(error, refusals) and _is_known(error, response.status_code):
        raise error
    raise TwitchUnreachableError(
        f"{_host(response)} responded with status {response.status_code} ({_shown(message)})"
    )


def _is_known(error: AuthError, status: int) -> bool:
    """Return whether *error* is one that Twitch sends with *status*."""
    if isinstance(error, ApplicationRefusedError):
        return status in _REFUSED | _APPLICATION_REFUSED
    return type(error) is not RefusedError and status in _REFUSED


def check_revoked(response: requests.Response) -> None:
    """Raise TwitchUnreachableError if *response* is a page, and so not Twitch's to /revoke."""
    if response.content.strip() and _decode(response, dict) is None:
        raise _not_oauth(response)


def refusal(message: str, status: int | None = None) -> AuthError:
    """Return the error that Twitch's *message* means. Its text says what to do."""
    problem = f"Twitch says {_shown(message)!r}" + (f" ({status})" if status else "")
    known = message.lower().replace("_", " ")
    for part, kind, advice in _REFUSALS:
        if part in known:
            return kind(f"{problem}: {advice}")
    return RefusedError(f"{problem}: {_OTHERWISE}")


def _host(response: requests.Response) -> str:
    """Return the host, and the port if it is not the default, that *response* is from."""
    return urlsplit(response.url).netloc


def _shown(text: str) -> str:
    # Untrusted: it may come from a URL that a browser opened, or from a proxy.
    return "".join(filter(str.isprintable, text))[:_SHOWN_CHARACTERS]


def _not_oauth(response: requests.Response) -> TwitchUnreachableError:
    # The type and the length of the content are enough to recognise a page.
    kind = _MEDIA_TYPE.match(response.headers.get("Content-Type", ""))
    return TwitchUnreachableError(
        f"{_host(response)} sent a response that is not OAuth"
        f" ({kind[0] if kind else 'no content type'}, {len(response.content)} bytes)"
    )


def _message(response: requests.Response) -> str:
    """Return Twitch's message; empty if this is not Twitch's format."""
    found = _decode(response, _Refusal)
    return found.message if found and found.status == response.status_code else ""


def _decode(response: requests.Response, kind: type[_T]) -> _T | None:
    """Return the body of *response* as *kind*, or None if it is something else."""
    try:
        return msgspec.json.decode(response.content, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
