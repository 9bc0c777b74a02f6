"""The local OAuth server responds as Twitch does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
import requests

from simulator.chat_server import ChatServer
from simulator.logins import made_up_id
from simulator.oauth_endpoints import DEVICE_GRANT
from simulator.oauth_server import ForcedResponse, OAuthServer
from simulator.oauth_state import AWKWARD, OAuthState, RegisteredApplication
from tests.simulator.raw_client import RawClient

REDIRECT_URI = "http://localhost:3000/auth/callback"
CLIENT = {"client_id": "someclient", "client_secret": "somesecret"}
TIMEOUT_S = 30


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """Return the server's clock."""
    return Clock()


@pytest.fixture
def server(clock: Clock) -> Iterator[OAuthServer]:
    """Return a server that knows one application of each type."""
    applications = {
        "someclient": RegisteredApplication("somesecret", (REDIRECT_URI,)),
        "publicclient": RegisteredApplication(None),
    }
    with OAuthServer(OAuthState(applications=applications, clock=clock)) as running:
        yield running


def post(server: OAuthServer, endpoint: str, **fields: str) -> requests.Response:
    """Send a form to *endpoint*."""
    return requests.post(f"{server.url}/{endpoint}", data=fields, timeout=TIMEOUT_S)


def validate(server: OAuthServer, token: str, scheme: str = "OAuth") -> requests.Response:
    """Send *token* to /validate."""
    headers = {"Authorization": f"{scheme} {token}"}
    return requests.get(f"{server.url}/validate", headers=headers, timeout=TIMEOUT_S)


def decide(server: OAuthServer, decision: str = "authorize", **more: str) -> dict[str, str]:
    """Press the button *decision* of the authorize page; return the fields of the redirect."""
    asked = {
        "response_type": "code",
        "client_id": "someclient",
        "redirect_uri": REDIRECT_URI,
        "scope": "chat:read",
        "state": "a state & more",
    }
    page = requests.get(f"{server.url}/authorize", params=asked | more, timeout=TIMEOUT_S)
    hidden = re.findall(r'name="([^"]+)" value="([^"]*)"', page.text)
    fields = {name: unescape(value) for name, value in hidden} | {"decision": decision}
    response = requests.post(page.url, data=fields, timeout=TIMEOUT_S, allow_redirects=False)
    assert response.status_code == 302
    assert response.headers["Location"].startswith(f"{REDIRECT_URI}?")
    return dict(parse_qsl(urlsplit(response.headers["Location"]).query))


def log_in(server: OAuthServer) -> dict[str, str]:
    """Go through the authorization code flow; return the tokens."""
    response = post(server, "token", **code_grant(decide(server)["code"]))
    assert response.status_code == 200
    tokens: dict[str, str] = response.json()
    return tokens


def code_grant(code: str) -> dict[str, str]:
    """Return the fields that exchange *code* for tokens."""
    return {
        **CLIENT,
        "code": code,
        "grant_type": "authorization_code",
        "redirect_uri": REDIRECT_URI,
    }


def refusal(response: requests.Response) -> tuple[int, str]:
    """Return the status and the message of *response*; its body has the same status."""
    body = response.json()
    assert body["status"] == response.status_code
    return response.status_code, body["message"]


def test_a_code_is_exchanged_for_tokens(server: OAuthServer) -> None:
    """The scope is a list, and the state is returned unchanged."""
    back = decide(server)
    assert back["state"] == "a state & more"
    tokens = post(server, "token", **code_grant(back["code"])).json()
    assert tokens["scope"] == ["chat:read"]
    assert tokens["token_type"] == "bearer"
    assert tokens["expires_in"] == 14_400
    assert tokens["refresh_token"].endswith(AWKWARD)


def test_a_cancelled_login_redirects_without_a_code(server: OAuthServer) -> None:
    """With an error, as RFC 6749 defines it."""
    back = decide(server, "deny")
    assert back["error"] == "access_denied"
    assert back["state"] == "a state & more"
    assert "code" not in back


def test_an_unregistered_redirect_uri_is_replaced_by_the_registered_one(
    server: OAuthServer,
) -> None:
    """With Twitch's error for that."""
    asked = {"client_id": "someclient", "redirect_uri": "http://localhost:3000/other"}
    response = requests.get(
        f"{server.url}/authorize", params=asked, timeout=TIMEOUT_S, allow_redirects=False
    )
    location = urlsplit(response.headers["Location"])
    assert location.path == "/auth/callback"
    assert parse_qs(location.query)["error"] == ["redirect_mismatch"]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"client_secret": "wrong"}, (403, "invalid client secret")),
        ({"client_id": "unknown"}, (400, "invalid client")),
        ({"client_id": "publicclient"}, (400, "Invalid client credentials")),
        ({"code": "wrong"}, (400, "Invalid authorization code")),
        (
            {"redirect_uri": "http://localhost"},
            (403, "Parameter redirect_uri does not match registered URI"),
        ),
        ({"grant_type": "password"}, (400, "missing or invalid grant_type")),
    ],
)
def test_an_exchange_with_a_wrong_field_is_refused(
    server: OAuthServer, changes: dict[str, str], expected: tuple[int, str]
) -> None:
    """With Twitch's status and message."""
    fields = code_grant(decide(server)["code"]) | changes
    assert refusal(post(server, "token", **fields)) == expected


def test_a_secret_outside_of_the_body_is_ignored(server: OAuthServer) -> None:
    """Both in the header, where RFC 6749 expects it, and in the address."""
    fields = code_grant(decide(server)["code"])
    secret = fields.pop("client_secret")
    response = requests.post(
        f"{server.url}/token?client_secret={secret}",
        data=fields,
        auth=("someclient", secret),
        timeout=TIMEOUT_S,
    )
    assert refusal(response) == (400, "missing client secret")


def test_a_code_can_be_used_once_and_for_a_minute(server: OAuthServer, clock: Clock) -> None:
    """After that it is invalid."""
    code = decide(server)["code"]
    assert post(server, "token", **code_grant(code)).ok
    assert not post(server, "token", **code_grant(code)).ok
    late = decide(server)["code"]
    clock.now += 60
    assert refusal(post(server, "token", **code_grant(late))) == (400, "Invalid authorization code")


def test_a_token_is_validated(server: OAuthServer, clock: Clock) -> None:
    """The response has its account and the seconds left. `Bearer` is refused."""
    token = log_in(server)["access_token"]
    clock.now += 100
    assert validate(server, token).json() == {
        "client_id": "someclient",
        "login": "somebot",
        "scopes": ["chat:read"],
        "user_id": made_up_id("somebot"),
        "expires_in": 14_300,
    }
    assert validate(server, token, "Bearer").status_code == 401
    assert refusal(validate(server, "other")) == (401, "invalid access token")


def test_a_token_expires(server: OAuthServer, clock: Clock) -> None:
    """Exactly at the end of its lifetime."""
    server.state.token_life_s = 20
    token = log_in(server)["access_token"]
    clock.now += 19.9
    assert validate(server, token).ok
    clock.now += 0.1
    assert validate(server, token).status_code == 401


def test_a_confidential_application_may_refresh_again_and_again(server: OAuthServer) -> None:
    """With its secret, and with the special characters in the refresh token."""
    tokens = log_in(server)
    fields = CLIENT | {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    for _ in range(2):
        renewed = post(server, "token", **fields).json()
        assert validate(server, renewed["access_token"]).ok
    assert validate(server, tokens["access_token"]).ok
    del fields["client_secret"]
    assert refusal(post(server, "token", **fields)) == (400, "missing client secret")


def test_a_public_application_may_use_a_refresh_token_once(server: OAuthServer) -> None:
    """Each refresh returns a new one."""
    device = post(server, "device", client_id="publicclient", scopes="chat:read").json()
    server.state.decide_device(device["user_code"], allowed=True)
    first = post(server, "token", **device_grant(device["device_code"])).json()
    fields = {"client_id": "publicclient", "grant_type": "refresh_token"}
    second = post(server, "token", **fields, refresh_token=first["refresh_token"])
    assert second.ok
    again = post(server, "token", **fields, refresh_token=first["refresh_token"])
    assert refusal(again) == (400, "Invalid refresh token")
    assert post(server, "token", **fields, refresh_token=second.json()["refresh_token"]).ok


def device_grant(device_code: str) -> dict[str, str]:
    """Return the fields with which a device requests its tokens."""
    return {"client_id": "publicclient", "grant_type": DEVICE_GRANT, "device_code": device_code}


def test_a_device_waits_for_a_decision(server: OAuthServer, clock: Clock) -> None:
    """Pending, slow_down when asked too soon, then the tokens, but only once."""
    device = post(server, "device", client_id="publicclient", scopes="chat:read").json()
    assert device["interval"] == 5
    assert device["verification_uri"].endswith(f"?device-code={device['user_code']}")
    fields = device_grant(device["device_code"])
    assert refusal(post(server, "token", **fields)) == (400, "authorization_pending")
    assert refusal(post(server, "token", **fields)) == (400, "slow_down")
    clock.now += 10
    assert refusal(post(server, "token", **fields)) == (400, "authorization_pending")
    page = requests.post(
        device["verification_uri"],
        data={"device-code": device["user_code"], "decision": "authorize"},
        timeout=TIMEOUT_S,
    )
    assert "Done" in page.text
    assert post(server, "token", **fields).json()["scope"] == ["chat:read"]
    assert refusal(post(server, "token", **fields)) == (400, "invalid device code")


def test_a_device_code_may_be_denied_or_expire(server: OAuthServer, clock: Clock) -> None:
    """A person denies it, or half an hour passes."""
    device = post(server, "device", client_id="publicclient").json()
    server.state.decide_device(device["user_code"], allowed=False)
    response = post(server, "token", **device_grant(device["device_code"]))
    assert refusal(response) == (400, "access_denied")
    device = post(server, "device", client_id="publicclient").json()
    clock.now += 1800
    response = post(server, "token", **device_grant(device["device_code"]))
    assert refusal(response) == (400, "invalid device code")


def test_a_token_is_revoked(server: OAuthServer) -> None:
    """Only by its application, and only once."""
    token = log_in(server)["access_token"]
    unknown = post(server, "revoke", client_id="unknown", token=token)
    assert refusal(unknown) == (404, "client does not exist")
    assert post(server, "revoke", client_id="someclient", token=token).ok
    assert not validate(server, token).ok
    again = post(server, "revoke", client_id="someclient", token=token)
    assert refusal(again) == (400, "Invalid token")


def test_the_tokens_of_a_disconnected_application_are_invalid(server: OAuthServer) -> None:
    """Both its access token and its refresh token."""
    tokens = log_in(server)
    server.state.disconnect()
    assert not validate(server, tokens["access_token"]).ok
    fields = CLIENT | {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    assert refusal(post(server, "token", **fields)) == (400, "Invalid refresh token")


def test_the_server_can_fail_on_purpose(server: OAuthServer) -> None:
    """With any status and body, or without a response."""
    server.forced = ForcedResponse(503, b"<html>")
    assert validate(server, "any").status_code == 503
    server.forced = None
    server.answers.clear()
    with pytest.raises(requests.ReadTimeout):
        requests.get(f"{server.url}/validate", timeout=0.1)


def test_requests_are_recorded(server: OAuthServer) -> None:
    """Tests count them."""
    validate(server, log_in(server)["access_token"])
    assert server.state.calls == ["authorize", "token authorization_code", "validate"]


def test_pages_escape_what_they_show(server: OAuthServer) -> None:
    """The state is text, not markup."""
    asked = {"client_id": "someclient", "redirect_uri": REDIRECT_URI, "state": '"><b>'}
    page = requests.get(f"{server.url}/authorize", params=asked, timeout=TIMEOUT_S)
    assert "<b>" not in page.text
    assert unescape(page.text).count('"><b>') == 1


def test_an_unknown_path_is_not_found(server: OAuthServer) -> None:
    """The status is 404."""
    assert requests.get(f"{server.origin}/", timeout=TIMEOUT_S).status_code == 404


async def test_a_chat_server_accepts_only_valid_tokens_of_the_oauth_server(
    server: OAuthServer, clock: Clock
) -> None:
    """Without any valid token, it accepts none."""
    async with ChatServer() as chat:
        chat.state.tokens = server.state.valid_tokens
        assert not await _can_log_in(chat, "made up")
        token = log_in(server)["access_token"]
        assert await _can_log_in(chat, token)
        assert not await _can_log_in(chat, "another")
        clock.now += server.state.token_life_s
        assert not await _can_log_in(chat, token)
        chat.state.tokens["staticone"] = "staticbot"
        assert await _can_log_in(chat, "staticone")
        assert list(chat.state.tokens) == ["staticone"]
        del chat.state.tokens["staticone"]
        assert len(chat.state.tokens) == 0


async def _can_log_in(chat: ChatServer, token: str) -> bool:
    async with await RawClient.connect(chat.port) as client:
        client.send(f"PASS oauth:{token.replace(' ', '')}")
        client.send("NICK somebot")
        return " 001 " in await client.read_line()
