"""Unexpected responses of Twitch's OAuth server, or of what responds in its place."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from auth import twitch_oauth
from auth.errors import TwitchUnreachableError
from auth.twitch_oauth import (
    Application,
    ask_for_device,
    exchange_code,
    renew,
    request_device_code,
    revoke,
    validate,
)
from simulator.certificates import server_tls
from simulator.oauth_server import ForcedResponse, OAuthServer
from simulator.oauth_state import OAuthState
from tests.auth.people import CLIENT_ID, CLIENT_SECRET, log_in
from tests.ports import free_port

SCOPES = ["chat:read"]

CALLS: list[Callable[[Application], object]] = [
    lambda app: exchange_code(app, "secretcode", "http://localhost/"),
    lambda app: renew(app, "secretrefresh"),
    lambda app: request_device_code(app, SCOPES),
    lambda app: ask_for_device(app, "secretdevice", SCOPES),
    lambda app: validate(app.auth_url, "secretaccess"),
    lambda app: revoke(app.auth_url, CLIENT_ID, "secretaccess"),
]


@pytest.fixture(params=CALLS, ids=["exchange", "renew", "device", "ask", "validate", "revoke"])
def call(request: pytest.FixtureRequest) -> Callable[[Application], object]:
    """Return one of the calls to Twitch."""
    found: Callable[[Application], object] = request.param
    return found


NESTED = b'{"message": ' + b"[" * 200_000


@pytest.mark.parametrize(
    "body",
    [
        b"<html>Log in to this wireless network</html>",
        b"",
        b"[]",
        b"null",
        b"\xff",
        b'{"access_token": 5, "expires_in": "soon", "scope": 7, "error": 3}',
        b'{"access_token": "a", "expires_in": 0}',
        b'{"access_token": "a", "expires_in": 1e300}',
        NESTED,
    ],
    ids=lambda body: body[:20].decode("ascii", "replace") or "empty",
)
def test_a_response_that_is_not_oauth_is_refused(
    app: Application,
    twitch: OAuthServer,
    call: Callable[[Application], object],
    body: bytes,
) -> None:
    """With any status: a proxy may respond instead of Twitch. One line names it and its answer."""
    twitch.forced = ForcedResponse(200, body, kind="text/html; charset=utf-8")
    if call is CALLS[-1] and (not body or body.startswith(b'{"access_token"')):
        call(app)  # the response of /revoke has no content
    else:
        with pytest.raises(TwitchUnreachableError) as raised:
            call(app)
        host = urlsplit(twitch.url).netloc
        what = f"not OAuth (text/html, {len(body)} bytes)"
        assert str(raised.value) == f"{host} sent a response that is {what}"
    for status in (201, 204, 400, 401, 403, 404, 407, 418, 502):
        twitch.forced = ForcedResponse(status, body)
        with pytest.raises(TwitchUnreachableError, match=f"responded with status {status} "):
            call(app)


@pytest.mark.parametrize(
    "raw",
    [
        b"garbage\r\n\r\n",
        b"HTTP/1.1 abc def\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{",
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n{",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 100_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 1000 + b"\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: \xff\xfe//[\r\nContent-Length: 0\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"\x00" * 10,
    ],
    ids=lambda raw: repr(raw[:50]),
)
def test_a_response_that_is_not_http_is_no_response(
    app: Application, twitch: OAuthServer, call: Callable[[Application], object], raw: bytes
) -> None:
    """Whatever listens there, and wherever the response ends."""
    twitch.forced = ForcedResponse(0, b"", raw=raw)
    with pytest.raises(TwitchUnreachableError, match=urlsplit(twitch.url).netloc):
        call(app)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (401, b'{"status": 401, "message": "Unauthorized"}'),
        (401, b'{"status": 403, "message": "invalid access token"}'),
        (401, b'{"message": "invalid access token"}'),
        (401, b'{"status": 401, "message": ["invalid access token"]}'),
        (400, b'{"status": 400, "message": "invalid access token"}'),
        (403, b'{"status": 403, "message": "client is blocked, token refused"}'),
        (401, b'{"status": 401, "message": "invalid refresh token"}'),
    ],
)
def test_only_what_twitch_is_known_to_say_makes_a_token_invalid(
    app: Application, twitch: OAuthServer, status: int, body: bytes
) -> None:
    """https://dev.twitch.tv/docs/authentication/validate-tokens/: 401 "invalid access token"."""
    twitch.forced = ForcedResponse(status, body)
    with pytest.raises(TwitchUnreachableError, match=f"status {status}"):
        validate(app.auth_url, "secretaccess")


def test_plain_http_is_not_sent_through_a_proxy(
    app: Application, twitch: OAuthServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The proxy could read the token. The server is on this host."""
    access_token, _ = log_in(twitch)
    with OAuthServer(OAuthState()) as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.origin)
        assert validate(app.auth_url, access_token).login == "somebot"
        assert proxy.received == 0


def test_a_proxy_that_refuses_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The request never reaches Twitch."""
    with OAuthServer(OAuthState()) as proxy:
        monkeypatch.setenv("https_proxy", proxy.origin)
        with pytest.raises(TwitchUnreachableError, match="the proxy of HTTPS_PROXY"):
            validate("https://id.example.org/oauth2", "secretaccess")


def test_a_server_without_tls_is_reported(app: Application) -> None:
    """The address begins with https, but the server speaks HTTP."""
    with pytest.raises(TwitchUnreachableError, match=r"WRONG_VERSION_NUMBER|RECORD_LAYER"):
        validate(app.auth_url.replace("http:", "https:"), "secretaccess")


def test_a_redirect_is_not_followed(
    app: Application, twitch: OAuthServer, call: Callable[[Application], object]
) -> None:
    """It would send the secrets to another server."""
    with OAuthServer(OAuthState()) as elsewhere:
        twitch.forced = ForcedResponse(307, b"", location=f"{elsewhere.url}/token")
        with pytest.raises(TwitchUnreachableError, match="another address"):
            call(app)
        assert elsewhere.received == 0


def test_a_call_to_a_silent_server_times_out(
    app: Application,
    twitch: OAuthServer,
    call: Callable[[Application], object],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every call has a time limit."""
    monkeypatch.setattr(twitch_oauth, "TIMEOUT_S", (0.1, 0.1))
    twitch.answers.clear()
    with pytest.raises(TwitchUnreachableError, match="does not respond"):
        call(app)


def test_an_unreachable_server_is_reported(call: Callable[[Application], object]) -> None:
    """With the reason, and without the data of the request."""
    port = free_port()
    with pytest.raises(TwitchUnreachableError) as raised:
        call(Application(CLIENT_ID, CLIENT_SECRET, f"http://127.0.0.1:{port}/oauth2"))
    assert f"127.0.0.1:{port} cannot be reached" in str(raised.value)
    assert "Connection refused" in str(raised.value)


def test_an_untrusted_certificate_is_reported(
    tmp_path: Path, call: Callable[[Application], object]
) -> None:
    """No request is sent."""
    with _tls_server(tmp_path) as (url, requests_received):
        with pytest.raises(TwitchUnreachableError, match="not trusted"):
            call(Application(CLIENT_ID, CLIENT_SECRET, url))
        assert requests_received == []


@contextmanager
def _tls_server(folder: Path) -> Iterator[tuple[str, list[str]]]:
    """Serve TLS with a certificate of our own; yield the address and the requests received."""
    requests_received: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def handle(self) -> None:
            try:
                requests_received.append(self.rfile.readline().decode())
            except ssl.SSLError:
                return

    class Server(HTTPServer):
        def handle_error(self, *_arguments: object) -> None:
            """Ignore a client that disconnects."""

    server = Server(("127.0.0.1", 0), Handler)
    server.socket = server_tls(folder).wrap_socket(
        server.socket, server_side=True, do_handshake_on_connect=False
    )
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"https://localhost:{server.server_port}/oauth2", requests_received
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
