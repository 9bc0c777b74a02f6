"""
Calls Twitch's OAuth server (https://dev.twitch.tv/docs/authentication/).

Twitch differs from the standard: it returns scopes as a list, expects the client secret in the
body, expects `OAuth` instead of `Bearer` for /validate, and reports errors as `message` instead of
RFC 6749's `error`.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from http.client import HTTPException
from typing import Any
from urllib.parse import urlsplit

import requests
from oauthlib.oauth2 import OAuth2Error
from requests_oauthlib import OAuth2Session
from urllib3.exceptions import HTTPError

from auth.errors import (
    AuthError,
    PendingError,
    RefusedError,
    TokenInvalidError,
    TwitchUnreachableError,
)
from auth.responses import DeviceCode, Tokens, Validation, check, check_revoked, read_response
from common.settings import Settings

#: Seconds to connect, and then to wait for each part of the response.
TIMEOUT_S = (5.0, 10.0)

# At DEBUG it logs whole requests and responses, including the tokens.
logging.getLogger("requests_oauthlib").setLevel(logging.WARNING)


@dataclass(frozen=True)
class Application:
    """A Twitch application, and the base URL of the OAuth server."""

    client_id: str
    #: Empty for a Public application.
    client_secret: str = field(repr=False)
    auth_url: str


NO_CLIENT_ID = (
    "TWITCH_CLIENT_ID is not set, but should hold the id of your application: register one at"
    " https://dev.twitch.tv/console/apps"
)


def application(settings: Settings) -> Application:
    """Return the application in *settings*."""
    return Application(
        settings.twitch_client_id, settings.twitch_client_secret, settings.twitch_auth_url
    )


def authorize_url(app: Application, redirect_uri: str, scopes: Sequence[str], state: str) -> str:
    """
    Return the URL at which a person authorizes *app*. Twitch then redirects to *redirect_uri*.

    Twitch asks even if *app* was authorized before, so that a person can choose another account.
    """
    with _session(app, redirect_uri=redirect_uri, scope=list(scopes)) as session:
        url, _ = session.authorization_url(
            f"{app.auth_url}/authorize", state=state, force_verify="true"
        )
    return str(url)


def exchange_code(app: Application, code: str, redirect_uri: str) -> Tokens:
    """Return the tokens for an authorization *code*. Raises AuthError."""
    fields = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
    return _ask_for_tokens(app, fields, code)


def renew(app: Application, refresh_token: str) -> Tokens:
    """
    Return new tokens for *refresh_token*.

    If *app* is a Public application, *refresh_token* is invalid once Twitch has responded. Raises
    AuthError.
    """
    fields = {"grant_type": "refresh_token", "refresh_token": refresh_token}
    return _ask_for_tokens(app, fields, refresh_token)


def request_device_code(app: Application, scopes: Sequence[str]) -> DeviceCode:
    """Start the device code flow. Raises AuthError."""
    fields = {"client_id": app.client_id, "scopes": " ".join(scopes)}
    with _session(app) as session:
        response = session.post(f"{app.auth_url}/device", data=fields, timeout=TIMEOUT_S)
        return read_response(check(response, ()), DeviceCode)


def ask_for_device(app: Application, device_code: str, scopes: Sequence[str]) -> Tokens:
    """
    Return the tokens for a device that was authorized.

    Raises PendingError or SlowDownError while it is not authorized yet, or another AuthError.
    """
    fields = {
        "grant_type": "urn:ietf:params:oauth:grant-type:device_code",
        "device_code": device_code,
        "scopes": " ".join(scopes),
    }
    return _ask_for_tokens(app, fields, device_code, refusals=(RefusedError, PendingError))


def validate(auth_url: str, access_token: str) -> Validation:
    """
    Return Twitch's information about *access_token*.

    Raises TokenInvalidError if Twitch says that it is not valid, and TwitchUnreachableError if
    there is no response that says whether it is.
    """
    headers = {"Authorization": f"OAuth {access_token}"}
    with _session(Application("", "", auth_url)) as session:
        response = session.get(f"{auth_url}/validate", headers=headers, timeout=TIMEOUT_S)
        is_401 = response.status_code == HTTPStatus.UNAUTHORIZED
        refusals = (TokenInvalidError,) if is_401 else ()
        return read_response(check(response, (access_token,), refusals=refusals), Validation)


def revoke(auth_url: str, client_id: str, access_token: str) -> None:
    """
    Revoke *access_token*, which was issued to the application *client_id*.

    Raises TokenInvalidError if it is already invalid, or another AuthError.
    """
    fields = {"client_id": client_id, "token": access_token}
    with _session(Application(client_id, "", auth_url)) as session:
        response = session.post(f"{auth_url}/revoke", data=fields, timeout=TIMEOUT_S)
        check_revoked(check(response, (access_token,)))


def _ask_for_tokens(
    app: Application,
    fields: Mapping[str, str],
    secret: str,
    *,
    refusals: tuple[type[AuthError], ...] = (RefusedError,),
) -> Tokens:
    """Return the response of /token to *fields*, one of which is *secret*. Raises AuthError."""
    fields = {**fields, "client_id": app.client_id}
    if app.client_secret:
        fields["client_secret"] = app.client_secret
    # Not with fetch_token() and refresh_token() of OAuth2Session: they fail on some JSON with
    # errors that are not theirs, and compare scopes with rules that Twitch does not follow.
    with _session(app) as session:
        response = session.post(f"{app.auth_url}/token", data=fields, timeout=TIMEOUT_S)
        check(response, (secret, app.client_secret), refusals=refusals)
        return read_response(response, Tokens)


@contextmanager
def _session(app: Application, **more: Any) -> Iterator[OAuth2Session]:
    """
    Yield a session for one call.

    Raises TwitchUnreachableError in place of library errors, which may contain secrets.
    """
    is_plain = app.auth_url.startswith("http://")
    if is_plain:
        # The settings allow http only on loopback.
        os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"
    host = urlsplit(app.auth_url).netloc
    try:
        with OAuth2Session(app.client_id, **more) as session, ExitStack() as responses:
            # requests leaves the connection of a response open that it cannot read to its end.
            session.hooks["response"].append(partial(_close_with, responses))
            # Following a redirect would send secrets to another server, and so would a proxy for
            # plain HTTP. Through a proxy for HTTPS they are encrypted.
            session.max_redirects = 0
            session.trust_env = not is_plain
            yield session
    except requests.RequestException as error:
        raise TwitchUnreachableError(f"{host} {_reason(error)}") from None
    except (OAuth2Error, HTTPException, HTTPError, ValueError):
        raise TwitchUnreachableError(f"{host} sent a response that cannot be read") from None


def _close_with(responses: ExitStack, response: requests.Response, **_: Any) -> None:
    responses.callback(response.close)


def _reason(error: requests.RequestException) -> str:
    if isinstance(error, requests.exceptions.ProxyError):
        return "cannot be reached through the proxy of HTTPS_PROXY"
    if isinstance(error, requests.Timeout):
        return "does not respond"
    if isinstance(error, requests.exceptions.SSLError):
        return _tls_reason(str(error))
    if isinstance(error, requests.TooManyRedirects):
        return "redirects to another address, which is not Twitch's way to respond"
    cause = error.args[0] if error.args else None
    reason = re.sub(r"\[Errno -?\d+\] ", "", str(getattr(cause, "reason", "")).rpartition(": ")[2])
    return f"cannot be reached ({reason or 'the connection was lost'})"


def _tls_reason(text: str) -> str:
    if "CERTIFICATE_VERIFY_FAILED" in text:
        return "has a certificate that is not trusted"
    # OpenSSL's name of the error, such as WRONG_VERSION_NUMBER.
    name = re.search(r"\[SSL: ([A-Z0-9_]+)\]", text)
    return f"does not speak TLS correctly ({name[1] if name else 'the connection was lost'})"
