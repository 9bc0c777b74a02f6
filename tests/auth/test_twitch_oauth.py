"""The calls to Twitch's OAuth server, against a local one."""

from __future__ import annotations

import logging
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from auth import twitch_oauth
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
from auth.responses import Tokens
from auth.twitch_oauth import (
    Application,
    ask_for_device,
    authorize_url,
    exchange_code,
    renew,
    request_device_code,
    revoke,
    validate,
)
from simulator.certificates import server_tls
from simulator.oauth_server import ForcedResponse, OAuthServer
from simulator.oauth_state import AWKWARD, OAuthState
from tests.auth.clock import Clock
from tests.auth.people import CLIENT_ID, CLIENT_SECRET, PUBLIC_CLIENT_ID, authorize, log_in
from tests.ports import free_port

SCOPES = ["chat:read", "chat:edit"]


@pytest.fixture
def app(twitch: OAuthServer) -> Application:
    """Return an application that Twitch knows, with its secret."""
    return Application(CLIENT_ID, CLIENT_SECRET, twitch.url)


@pytest.fixture
def public(twitch: OAuthServer) -> Application:
    """Return an application of the type Public."""
    return Application(PUBLIC_CLIENT_ID, "", twitch.url)


@pytest.fixture
def redirect_uri(auth_port: int) -> str:
    """Return the application's redirect URI."""
    return f"http://localhost:{auth_port}/auth/callback"


def code_for(app: Application, redirect_uri: str) -> str:
    """Authorize *app* as a person does; return the code."""
    location = authorize(authorize_url(app, redirect_uri, SCOPES, "state"))
    return parse_qs(urlsplit(location).query)["code"][0]


def test_the_authorize_address_has_the_parameters_that_twitch_requires(
    app: Application, redirect_uri: str
) -> None:
    """https://dev.twitch.tv/docs/authentication/getting-tokens-oauth/#authorization-code-grant-flow"""
    url = authorize_url(app, redirect_uri, SCOPES, "some state")
    assert url.startswith(f"{app.auth_url}/authorize?")
    assert parse_qs(urlsplit(url).query) == {
        "response_type": ["code"],
        "client_id": [CLIENT_ID],
        "redirect_uri": [redirect_uri],
        "scope": ["chat:read chat:edit"],
        "state": ["some state"],
        "force_verify": ["true"],
    }


def test_a_code_is_exchanged_for_tokens(app: Application, redirect_uri: str) -> None:
    """The secret is sent in the body. The scope may be a list."""
    tokens = exchange_code(app, code_for(app, redirect_uri), redirect_uri)
    assert tokens.expires_in == 14_400
    found = validate(app.auth_url, tokens.access_token)
    assert found.login == "somebot"
    assert found.scopes == SCOPES


def test_a_refresh_token_is_exchanged_for_tokens(app: Application, twitch: OAuthServer) -> None:
    """Whatever characters it contains."""
    _, refresh_token = log_in(twitch)
    assert refresh_token.endswith(AWKWARD)
    tokens = renew(app, refresh_token)
    assert validate(app.auth_url, tokens.access_token).login == "somebot"


def test_a_public_application_renews_without_a_secret(
    public: Application, twitch: OAuthServer
) -> None:
    """It gets a new refresh token, and must use that one next."""
    _, first = log_in(twitch, PUBLIC_CLIENT_ID)
    second = renew(public, first).refresh_token
    assert second
    with pytest.raises(GrantRefusedError, match="log in again"):
        renew(public, first)
    assert renew(public, second)


def test_a_device_is_authorized(public: Application, twitch: OAuthServer, clock: Clock) -> None:
    """The request is pending until a person authorizes the device."""
    code = request_device_code(public, SCOPES)
    with pytest.raises(PendingError):
        ask_for_device(public, code.device_code, SCOPES)
    with pytest.raises(SlowDownError):
        ask_for_device(public, code.device_code, SCOPES)
    clock.now += 60
    twitch.state.decide_device(code.user_code, allowed=True)
    tokens = ask_for_device(public, code.device_code, SCOPES)
    assert validate(public.auth_url, tokens.access_token).scopes == SCOPES
    with pytest.raises(GrantRefusedError, match="start again"):
        ask_for_device(public, code.device_code, SCOPES)


def test_a_confidential_application_may_use_a_device_code(
    app: Application, twitch: OAuthServer
) -> None:
    """Its tokens are renewed with its secret."""
    code = request_device_code(app, SCOPES)
    twitch.state.decide_device(code.user_code, allowed=True)
    tokens = ask_for_device(app, code.device_code, SCOPES)
    assert tokens.refresh_token
    assert renew(app, tokens.refresh_token)


def test_a_token_is_revoked(app: Application, twitch: OAuthServer) -> None:
    """It is no longer valid, and cannot be revoked again."""
    access_token, _ = log_in(twitch)
    revoke(app.auth_url, CLIENT_ID, access_token)
    with pytest.raises(TokenInvalidError):
        validate(app.auth_url, access_token)
    with pytest.raises(TokenInvalidError):
        revoke(app.auth_url, CLIENT_ID, access_token)


def test_a_token_without_scopes_is_valid(app: Application, twitch: OAuthServer) -> None:
    """Twitch sends null instead of an empty list."""
    access_token, _ = log_in(twitch)
    twitch.state.valid_tokens.issued[access_token].grant.scopes = []
    assert validate(app.auth_url, access_token).scopes is None


@pytest.mark.parametrize(
    "refusal",
    [
        (403, "invalid client secret", ApplicationRefusedError, "TWITCH_CLIENT_SECRET"),
        (400, "missing client secret", ApplicationRefusedError, "TWITCH_CLIENT_SECRET"),
        (400, "invalid client", ApplicationRefusedError, "TWITCH_CLIENT_ID"),
        (400, "Invalid client credentials", ApplicationRefusedError, "login --device"),
        (404, "client does not exist", ApplicationRefusedError, "TWITCH_CLIENT_ID"),
        (
            403,
            "Parameter redirect_uri does not match registered URI",
            ApplicationRefusedError,
            "character for character",
        ),
        (
            400,
            "Parameter redirect_uri does not match registered URI",
            ApplicationRefusedError,
            "TWITCH_REDIRECT_URI",
        ),
        (400, "Invalid authorization code", GrantRefusedError, "can be used once"),
        (400, "Invalid refresh token", GrantRefusedError, "password was changed"),
        (401, "Invalid refresh token", GrantRefusedError, "python -m auth login"),
        (400, "Invalid grant", GrantRefusedError, "log in again"),
        (401, "invalid access token", TokenInvalidError, "expired or was revoked"),
        (400, "Invalid token", TokenInvalidError, "log in again"),
        (400, "authorization_pending", PendingError, ""),
        (400, "slow_down", SlowDownError, ""),
        (400, "invalid device code", GrantRefusedError, "start again"),
        (400, "expired_token", GrantRefusedError, "not used in time"),
        (400, "access_denied", GrantRefusedError, "Cancel"),
        (403, "Forbidden", RefusedError, "TWITCH_REDIRECT_URI"),
        (429, "Too Many Requests", TwitchUnreachableError, "try again later"),
        (500, "internal error", TwitchUnreachableError, "try again later"),
        (503, "", TwitchUnreachableError, "503"),
    ],
    ids=lambda refusal: f"{refusal[0]} {refusal[1]}",
)
def test_a_refusal_says_what_to_do(
    app: Application,
    twitch: OAuthServer,
    refusal: tuple[int, str, type[AuthError], str],
) -> None:
    """It also contains Twitch's message, and its type names the kind of problem."""
    status, message, kind, advice = refusal
    body = f'{{"status": {status}, "message": "{message}"}}'.encode()
    twitch.forced = ForcedResponse(status, body)
    with pytest.raises(AuthError) as raised:
        renew(app, "xyz")
    assert type(raised.value) is kind
    assert message in str(raised.value)
    assert advice in str(raised.value)


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


@pytest.mark.parametrize(
    "body", [b"<html>Log in to this wireless network</html>", b"", b"[]", b"null", b"\xff"]
)
def test_a_response_that_is_not_oauth_is_refused(
    app: Application,
    twitch: OAuthServer,
    call: Callable[[Application], object],
    body: bytes,
) -> None:
    """With any status, also 200: a proxy may respond instead of Twitch."""
    twitch.forced = ForcedResponse(200, body)
    if call is CALLS[-1]:
        call(app)  # the response of /revoke has no content anyway
    else:
        with pytest.raises(TwitchUnreachableError, match="not OAuth"):
            call(app)
    twitch.forced = ForcedResponse(502, body)
    with pytest.raises(TwitchUnreachableError, match="Bad Gateway"):
        call(app)


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


def test_no_secret_reaches_a_log_or_an_exception(
    app: Application,
    twitch: OAuthServer,
    redirect_uri: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Not at DEBUG, and not when the server repeats the data of the request."""
    secrets: list[str] = [CLIENT_SECRET]
    with caplog.at_level(logging.DEBUG):
        secrets.append(code_for(app, redirect_uri))
        tokens = exchange_code(app, secrets[-1], redirect_uri)
        renewed = renew(app, tokens.refresh_token or "")
        validate(app.auth_url, renewed.access_token)
        revoke(app.auth_url, CLIENT_ID, tokens.access_token)
        for found in (tokens, renewed):
            secrets += [found.access_token, found.refresh_token or ""]
    texts = [caplog.text, repr(tokens), repr(app)]
    everything = " ".join(["secretcode secretrefresh secretdevice secretaccess", CLIENT_SECRET])
    twitch.forced = ForcedResponse(400, f'{{"message": "bad: {everything}"}}'.encode())
    for repeat, secret in zip(
        CALLS[:2] + CALLS[3:],
        ["secretcode", "secretrefresh", "secretdevice", "secretaccess", "secretaccess"],
        strict=True,
    ):
        with pytest.raises(RefusedError) as raised:
            repeat(app)
        assert secret not in str(raised.value)
        assert raised.value.__cause__ is None
    for text in texts:
        assert not any(secret in text for secret in secrets if secret)


def test_tokens_with_a_line_break_are_refused(app: Application, twitch: OAuthServer) -> None:
    """A line break would start another command in chat."""
    body = b'{"access_token": "a\\r\\nJOIN #x", "expires_in": 1, "refresh_token": "b"}'
    twitch.forced = ForcedResponse(200, body)
    with pytest.raises(TwitchUnreachableError, match="not OAuth"):
        renew(app, "refresh")


def test_a_representation_shows_no_token() -> None:
    """Tokens and applications may be logged by mistake."""
    assert "secret" not in repr(Tokens("secretaccess", 1, "secretrefresh"))
    assert "secret" not in repr(Application("id", "secret", "https://id.twitch.tv/oauth2"))
