"""
Refuses requests before they reach a route: what is no GET or too large, and who may not look.

On a loopback address, the `Host` of a request has to be a name of loopback. Otherwise a page of the
web whose host name is pointed to 127.0.0.1 could read what is here, in a browser on this host ("DNS
rebinding"). With a token, a request has to have it.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from common.setting_values import is_loopback_host

#: What a supervisor of processes asks, without a token, at whatever address it knows.
HEALTH_PATHS = frozenset({"/livez", "/readyz", "/healthz"})

_METHODS = ("GET", "HEAD")

#: The largest path and headers of a request, in bytes.
REQUEST_BYTES = 8192

_HOST = re.compile(r"(?P<host>[^\[\]:]+|\[[^\[\]]+\])(:[0-9]{1,5})?", re.ASCII)

#: A browser offers a person the first that it knows.
_CHALLENGES = ('Basic realm="monitor", charset="UTF-8"', 'Bearer realm="monitor"')


class Guard:
    """The application *app*, for those who may look."""

    def __init__(self, app: ASGIApp, *, token: str, is_loopback: bool) -> None:
        self._app = app
        self._token = token
        self._is_loopback = is_loopback

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request (ASGI)."""
        if _size(scope) > REQUEST_BYTES:
            refusal: ASGIApp | None = _refused(431, "The request is too large.")
        else:
            refusal = self._refusal(scope["method"], scope["path"], Headers(scope=scope))
        await (refusal or self._app)(scope, receive, send)

    def _refusal(self, method: str, path: str, headers: Headers) -> PlainTextResponse | None:
        if method not in _METHODS:
            return _refused(405, "Only GET and HEAD are possible here.", Allow=", ".join(_METHODS))
        if path in HEALTH_PATHS:
            return None
        if self._is_loopback and not _names_loopback(headers.get("host", "")):
            return _refused(403, "Ask for this page at 127.0.0.1 or localhost.")
        if self._token and not _has_token(headers.get("authorization", ""), self._token):
            response = _refused(401, "The password is MONITOR_TOKEN of this monitor.")
            for challenge in _CHALLENGES:
                response.headers.append("WWW-Authenticate", challenge)
            return response
        return None


def _size(scope: Scope) -> int:
    """Return the bytes of a request: its path, and its headers with what is between them."""
    size = len(scope["raw_path"]) + len(scope["query_string"])
    return size + sum(len(name) + len(value) + 4 for name, value in scope["headers"])


def _refused(status: int, text: str, **headers: str) -> PlainTextResponse:
    return PlainTextResponse(f"{text}\n", status, headers)


def _names_loopback(host: str) -> bool:
    """Return whether *host*, the header, is a name or address of loopback, with any port."""
    found = _HOST.fullmatch(host)
    return found is not None and is_loopback_host(found["host"].strip("[]"))


def _has_token(authorization: str, token: str) -> bool:
    """Return whether *authorization*, the header, has *token*: Basic with any user, or Bearer."""
    scheme, _, value = authorization.partition(" ")
    if scheme.lower() == "bearer":
        given = value.strip().encode("latin-1")
    elif scheme.lower() == "basic":
        given = _password(value.strip())
    else:
        return False
    return hmac.compare_digest(given, token.encode())


def _password(credentials: str) -> bytes:
    try:
        _, _, password = base64.b64decode(credentials, validate=True).partition(b":")
    except (binascii.Error, ValueError):
        return b""
    return password
