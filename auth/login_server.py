"""
The HTTP server for a browser login. It listens on loopback only, and serves a single login.

1. `/auth` redirects to Twitch, and Twitch redirects back to the path of the redirect URI.
2. A redirect without our `state` does not belong to this login: nothing in it is used or shown,
   and the login goes on.
3. Only the first redirect with our `state` counts, whether the login succeeds or fails.
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

from auth.callback import code_from_query, has_state
from auth.errors import AuthError, LoginFailedError
from auth.pages import page
from common.token_store import StoredToken, TokenStoreError

START_PATH = "/auth"

#: Seconds for a browser to send its request. Some browsers connect long before they send it.
_REQUEST_WITHIN_S = 30


@dataclass(frozen=True)
class Login:
    """A login in progress."""

    #: URL at which a person authorizes the application.
    authorize_url: str
    #: Path to which Twitch redirects back.
    callback_path: str
    #: Secret that Twitch must return.
    state: str
    #: Exchanges a code for a login and stores it. Raises AuthError or TokenStoreError.
    finish: Callable[[str], StoredToken]


class LoginServer:
    """Serves *login* on *port* of 127.0.0.1 within a `with` block."""

    def __init__(self, port: int, login: Login) -> None:
        """Raise OSError if the port cannot be used."""
        self._http = _HttpServer(("127.0.0.1", port), _Handler)
        self._http.login = login
        self._http.outcome = Future()
        self._http.answered = threading.Lock()
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,))

    def wait(self, within_s: float) -> StoredToken:
        """
        Wait for the login, and return it.

        Raises AuthError or TokenStoreError if the login fails, and LoginFailedError if there is no
        result within *within_s* seconds.
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
    #: Acquired by the first redirect from Twitch, and never released.
    answered: threading.Lock
    daemon_threads = True
    block_on_close = False


class _Handler(BaseHTTPRequestHandler):
    server: _HttpServer
    timeout = _REQUEST_WITHIN_S

    def do_GET(self) -> None:
        """Respond to a browser."""
        path, _, query = self.path.partition("?")
        if path == START_PATH:
            self._send(HTTPStatus.FOUND, b"", location=self.server.login.authorize_url)
        elif path != self.server.login.callback_path:
            self._show(HTTPStatus.NOT_FOUND, "Not found", f"To log in, go to {START_PATH}.")
        elif not has_state(query, self.server.login.state):
            text = f"This page belongs to another login. To log in, go to {START_PATH}."
            self._show(HTTPStatus.BAD_REQUEST, "Not this login", text)
        elif self.server.answered.acquire(blocking=False):
            self._take(query)
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
        # If the browser has disconnected, the login still counts.
        with suppress(OSError):
            self._send(status, page(title, text))

    def _send(self, status: HTTPStatus, body: bytes, *, location: str = "") -> None:
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        # The URL of this page contains a code.
        self.send_header("Cache-Control", "no-store")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
        if location:
            self.send_header("Location", location)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: Any) -> None:
        """Log nothing: the request line contains the code."""
