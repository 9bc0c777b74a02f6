"""The calls to Twitch's OAuth server, against a local one."""

from __future__ import annotations

import logging
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest

from auth.errors import (
    ApplicationRefusedError,
    AuthError,
    GrantRefusedError,
    PendingError,
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
from simulator.oauth_server import ForcedResponse, OAuthServer
from simulator.oauth_state import AWKWARD
from tests.auth.clock import Clock
from tests.auth.people import CLIENT_ID, CLIENT_SECRET, PUBLIC_CLIENT_ID, authorize, log_in

SCOPES = ["chat:read", "chat:edit"]


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
        (401, "Invalid refresh token", GrantRefusedError, "auth login`"),
        (400, "Invalid grant", GrantRefusedError, "log in again"),
        (401, "invalid access token", TokenInvalidError, "expired or was revoked"),
        (400, "Invalid token", TokenInvalidError, "log in again"),
        (400, "invalid device code", GrantRefusedError, "start again"),
        (400, "expired_token", GrantRefusedError, "not used in time"),
        (400, "access_denied", GrantRefusedError, "Cancel"),
        (403, "Forbidden", TwitchUnreachableError, "status 403"),
        (403, "Invalid refresh token", TwitchUnreachableError, "status 403"),
        (400, "authorization_pending", TwitchUnreachableError, "status 400"),
        (400, "a text that is not known", TwitchUnreachableError, "status 400"),
        (429, "Too Many Requests", TwitchUnreachableError, "status 429"),
        (500, "invalid client", TwitchUnreachableError, "status 500"),
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
    everything = " ".join(
        ["secretcode secretrefresh secretdevice secretaccess secretrevoked", CLIENT_SECRET]
    )
    message = f"authorization code, refresh token, device code, token: {everything}"
    body = f'{{"status": 401, "message": "{message}"}}'.encode()
    twitch.forced = ForcedResponse(401, body)
    calls: dict[str, Callable[[], object]] = {
        "secretcode": lambda: exchange_code(app, "secretcode", redirect_uri),
        "secretrefresh": lambda: renew(app, "secretrefresh"),
        "secretdevice": lambda: ask_for_device(app, "secretdevice", SCOPES),
        "secretaccess": lambda: validate(app.auth_url, "secretaccess"),
        "secretrevoked": lambda: revoke(app.auth_url, CLIENT_ID, "secretrevoked"),
    }
    for secret, repeat in calls.items():
        with pytest.raises(AuthError) as raised:
            repeat()
        assert "***" in str(raised.value)
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
