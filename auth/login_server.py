"""
The server that a browser logs in with: on loopback only, for one login, and then no more.

1. `/auth` leads to Twitch, and Twitch leads back to the path of the redirect URI.
2. The first answer that comes back is the only one: it is a login, or it says why there is none.
3. An answer without our `state` was not asked for by us, and is not looked into.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from auth.callback import code_from_query
from auth.errors import AuthError, LoginFailedError
from auth.pages import page
from common.token_store import StoredToken, TokenStoreError

START_PATH = "/auth"

#: Seconds for a browser to send its request: some connect long before they ask anything.
_REQUEST_WITHIN_S = 30


@dataclass(frozen=True)
class Login:
    """A login that is under way."""

    #: Where Twitch asks the person.
    authorize_url: str
    #: Where Twitch leads back to.
    callback_path: str
    #: What Twitch has to give back, and nobody else knows.
    state: str
    #: Makes a code a login that is stored. Raises AuthError or TokenStoreError.
    finish: Callable[[str], StoredToken]


class LoginServer:
    """Serves *login* on *port* of 127.0.0.1, from `with` to the end of the block."""

    def __init__(self, port: int, login: Login) -> None:
        """Raise OSError when the port is taken."""
        self._http = _HttpServer(("127.0.0.1", port), _Handler)
        self._http.login = login
        self._http.outcome = Future()
        self._http.answered = threading.Lock()
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,))

    def wait(self, within_s: float) -> StoredToken:
        """
        Return the login, once there is one.

        Raises AuthError or TokenStoreError when it fails, LoginFailedError also when nothing has
        come *within_s*.
        """
        try:
            return self._http.outcome.result(within_s)
        except TimeoutError:
            raise LoginFailedError(f"nobody has logged in within {within_s:g} s") from None

    def __enter__(self) -> LoginServer:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()


class _HttpServer(ThreadingHTTPServer):
    login: Login
    outcome: Future[StoredToken]
    #: Taken by the first answer from Twitch, and never released.
    answered: threading.Lock
    daemon_threads = True
    block_on_close = False


class _Handler(BaseHTTPRequestHandler):
    server: _HttpServer
    timeout = _REQUEST_WITHIN_S

    def do_GET(self) -> None:
        """Answer a browser."""
        url = urlsplit(self.path)
        if url.path == START_PATH:
            self._send(HTTPStatus.FOUND, b"", location=self.server.login.authorize_url)
        elif url.path != self.server.login.callback_path:
            self._show(HTTPStatus.NOT_FOUND, "Not found", f"To log in, go to {START_PATH}.")
        elif self.server.answered.acquire(blocking=False):
            self._take(url.query)
        else:
            self._show(HTTPStatus.GONE, "This login is over", "You can close this window.")

    def _take(self, query: str) -> None:
        login, outcome = self.server.login, self.server.outcome
        try:
            token = login.finish(code_from_query(query, login.state))
        except (AuthError, TokenStoreError) as error:
            self._show(HTTPStatus.BAD_REQUEST, "Login failed", f"Not logged in: {error}.")
            outcome.set_exception(error)
        except BaseException as error:
            outcome.set_exception(error)
            raise
        else:
            text = "Authentication successful. You can close this window."
            self._show(HTTPStatus.OK, f"Logged in as {token.login}", text)
            outcome.set_result(token)

    def _show(self, status: HTTPStatus, title: str, text: str) -> None:
        # A browser that has gone changes nothing about the login.
        with suppress(OSError):
            self._send(status, page(title, text))

    def _send(self, status: HTTPStatus, body: bytes, *, location: str = "") -> None:
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        # This page's address holds a code.
        self.send_header("Cache-Control", "no-store")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
        if location:
            self.send_header("Location", location)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: Any) -> None:
        """Log nothing: a request's line holds the code."""
