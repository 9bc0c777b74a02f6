"""
A local Twitch OAuth server (`id.twitch.tv`) over plain HTTP on loopback.

It serves the pages on which a person authorizes an application or a device, and the endpoints for
the application: token, device, validate, revoke. A chat server whose `state.tokens` is this
server's `state.valid_tokens` accepts the valid tokens that this server has issued.
"""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from simulator import oauth_endpoints as endpoints
from simulator.oauth_pages import decision_page, page
from simulator.oauth_state import OAuthRefusedError, OAuthState

_PREFIX = "/oauth2"
_ACTIVATE = "/activate"
_STOP_TIMEOUT_S = 10.0

#: Maximum delay until the server reacts to shutdown(), in seconds.
_POLL_S = 0.05


@dataclass(frozen=True)
class ForcedResponse:
    """An HTTP response to use for every request."""

    status: int
    body: bytes
    location: str = ""
    kind: str = "application/json"
    #: If this is not empty, it is sent instead of everything else, and the connection is closed.
    raw: bytes = b""


class OAuthServer:
    """
    Runs the server in its own threads during a `with` block.

    With *port* 0 the system chooses a port. Everything else can be changed at any time.
    """

    def __init__(self, state: OAuthState, *, port: int = 0) -> None:
        self.state = state
        #: The response that replaces every regular one, or None.
        self.forced: ForcedResponse | None = None
        #: Number of requests received, answered or not.
        self.received = 0
        #: While this is cleared, the endpoints accept requests and do not answer them.
        self.answers = threading.Event()
        self.answers.set()
        self._http = _HttpServer(("127.0.0.1", port), _Handler)
        self._http.owner = self
        self._thread = threading.Thread(
            target=self._http.serve_forever, args=(_POLL_S,), name="oauth server"
        )

    @property
    def origin(self) -> str:
        """The server's address, without a path."""
        return f"http://127.0.0.1:{self._http.server_port}"

    @property
    def url(self) -> str:
        """The value for TWITCH_AUTH_URL."""
        return self.origin + _PREFIX

    def __enter__(self) -> OAuthServer:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.answers.set()
        self._http.shutdown()
        self._thread.join(_STOP_TIMEOUT_S)
        self._http.server_close()


class _HttpServer(ThreadingHTTPServer):
    owner: OAuthServer
    daemon_threads = True
    block_on_close = False


class _Handler(BaseHTTPRequestHandler):
    server: _HttpServer
    timeout = 10

    def do_GET(self) -> None:
        """Answer a browser's GET, or /validate."""
        url = urlsplit(self.path)
        fields = dict(parse_qsl(url.query, keep_blank_values=True))
        self._answer(f"GET {url.path}", fields)

    def do_POST(self) -> None:
        """Answer a form. Parameters are read from the body only."""
        body = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
        fields = dict(parse_qsl(body, keep_blank_values=True))
        self._answer(f"POST {urlsplit(self.path).path}", fields)

    def log_message(self, *_arguments: Any) -> None:
        """Log nothing: the URL may contain a code."""

    def _answer(self, call: str, fields: dict[str, str]) -> None:
        owner = self.server.owner
        with owner.state.lock:
            owner.received += 1
        owner.answers.wait()
        if forced := owner.forced:
            if forced.raw:
                self.wfile.write(forced.raw)
            else:
                self._send(forced.status, forced.body, forced.kind, forced.location)
            return
        try:
            with owner.state.lock:
                self._dispatch(call, fields)
        except OAuthRefusedError as error:
            self._send_json({"status": int(error.status), "message": str(error)}, error.status)

    def _dispatch(self, call: str, fields: dict[str, str]) -> None:
        state = self.server.owner.state
        match call.replace(_PREFIX, ""):
            case "GET /validate":
                authorization = self.headers.get("Authorization", "")
                self._send_json(endpoints.validate(state, authorization))
            case "POST /token":
                self._send_json(endpoints.token(state, fields))
            case "POST /device":
                activate = self.server.owner.origin + _ACTIVATE
                self._send_json(endpoints.device(state, fields, activate))
            case "POST /revoke":
                endpoints.revoke(state, fields)
                self._send(HTTPStatus.OK, b"")
            case "GET /authorize":
                self._ask_for_application(fields)
            case "POST /authorize":
                allowed = fields.pop("decision", "") == "authorize"
                self._redirect(endpoints.authorize(state, fields, allowed=allowed))
            case "GET /activate":
                self._ask_for_device(fields)
            case "POST /activate":
                allowed = fields.get("decision") == "authorize"
                state.decide_device(fields.get("device-code", ""), allowed=allowed)
                self._send_page(page("Done", "You can close this window."))
            case _:
                raise OAuthRefusedError("Not Found", HTTPStatus.NOT_FOUND)

    def _ask_for_application(self, fields: dict[str, str]) -> None:
        state = self.server.owner.state
        error_url = endpoints.check_authorize(state, fields)
        if error_url:
            self._redirect(error_url)
            return
        text = f"{fields['client_id']} wants to read the chat as {state.login}."
        self._send_page(decision_page("Authorize", text, fields))

    def _ask_for_device(self, fields: dict[str, str]) -> None:
        text = f"A device wants to read the chat as {self.server.owner.state.login}."
        code = {"device-code": fields.get("device-code", "")}
        self._send_page(decision_page("Activate your device", text, code))

    def _send_json(self, content: dict[str, object], status: int = HTTPStatus.OK) -> None:
        self._send(status, json.dumps(content).encode(), "application/json")

    def _send_page(self, html: str) -> None:
        self._send(HTTPStatus.OK, html.encode(), "text/html; charset=utf-8")

    def _redirect(self, location: str) -> None:
        self._send(HTTPStatus.FOUND, b"", location=location)

    def _send(
        self, status: int, body: bytes, kind: str = "application/json", location: str = ""
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if location:
            self.send_header("Location", location)
        self.end_headers()
        self.wfile.write(body)
