"""Who may look: the `Host` of a request, and the token."""

from __future__ import annotations

import base64
from collections.abc import Iterator

import pytest

from tests.monitor.status_pages import StatusPages
from tests.monitor.web.monitors import EVERYWHERE, TOKEN, Monitor, monitor_of, start_monitor
from tests.processes import StartProcess

_HEALTH = ("/livez", "/readyz", "/healthz")
_OTHERS = ("/", "/status.json", "/events", "/metrics", "/static/page.js", "/no-such-page")


@pytest.fixture(scope="module")
def monitor() -> Iterator[Monitor]:
    """A monitor of a host with one channel, without a token."""
    with monitor_of("alpha") as monitor:
        yield monitor


@pytest.fixture(scope="module")
def protected() -> Iterator[Monitor]:
    """A monitor that other hosts may ask with a token."""
    settings = {"MONITOR_BIND": EVERYWHERE, "MONITOR_TOKEN": TOKEN}
    with monitor_of("alpha", settings=settings) as monitor:
        yield monitor


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:1", "127.0.0.1:9464", "127.9.9.9", "[::1]:9464", "[::1]"]
)
def test_names_of_loopback_are_served(monitor: Monitor, host: str) -> None:
    """With any port: it may be that of a tunnel."""
    assert monitor.get("/status.json", {"Host": host}).status == 200


@pytest.mark.parametrize(
    "host",
    [
        *("example.com", "example.com:9464", "127.0.0.1.example.com", "localhost.example.com"),
        *("10.0.0.1", "0.0.0.1", "[::2]", "127.0.0.1@example.com", "127.0.0.1:9464:1", ""),
        *("[127.0.0.1", "localhost:port", "localhost/"),
    ],
)
def test_a_name_that_was_pointed_here_is_refused(monitor: Monitor, host: str) -> None:
    """DNS rebinding: a web page elsewhere would have this host's figures. Health has none."""
    for path in _OTHERS:
        response = monitor.get(path, {"Host": host})
        assert response.status == 403, path
        assert b"alpha" not in response.body
        assert response.header("content-security-policy")
    for path in _HEALTH:
        assert monitor.get(path, {"Host": host}).status != 403, path


def test_a_request_without_a_host_is_refused(monitor: Monitor) -> None:
    """HTTP/1.0 does not need one, HTTP/1.1 does."""
    response = monitor.send(b"GET /status.json HTTP/1.0\r\n\r\n")
    assert response.startswith(b"HTTP/1.1 403 ")
    assert monitor.send(b"GET /status.json HTTP/1.1\r\n\r\n").startswith(b"HTTP/1.1 400 ")


def test_the_right_token_is_let_in(protected: Monitor) -> None:
    """As a bearer, or as the password of any user, at whatever name the host has."""
    for authorization in (_bearer(TOKEN), f"bearer {TOKEN}", _basic("", TOKEN), _basic("x", TOKEN)):
        headers = {"Authorization": authorization, "Host": "monitor.example"}
        assert protected.get("/status.json", headers).status == 200, authorization


@pytest.mark.parametrize("path", _OTHERS)
def test_without_the_token_nothing_is_shown(protected: Monitor, path: str) -> None:
    """A browser asks for a password."""
    response = protected.get(path)
    assert (response.status, b"alpha" in response.body) == (401, False)
    challenges = [value for name, value in response.headers if name == "www-authenticate"]
    assert [challenge.split()[0] for challenge in challenges] == ["Basic", "Bearer"]


def test_a_wrong_token_is_refused(protected: Monitor) -> None:
    """However it is written, and wherever it is."""
    wrong = [
        *("", "Bearer", "Basic", "Bearer ", "Basic ", "Digest x", TOKEN, f"Token {TOKEN}"),
        *(_bearer(TOKEN[:-1]), _bearer(TOKEN + "x"), _bearer(TOKEN.upper()), _bearer("\xe9")),
        *(_basic(TOKEN, ""), _basic(TOKEN, "wrong"), "Basic !!!", "Basic \xe9", "Basic Og"),
    ]
    for authorization in wrong:
        response = protected.get("/metrics", {"Authorization": authorization})
        assert response.status == 401, authorization
    assert protected.get(f"/metrics?token={TOKEN}").status == 401
    assert protected.get("/metrics", {"Cookie": f"token={TOKEN}"}).status == 401


@pytest.mark.parametrize("path", _HEALTH)
def test_health_needs_no_token(protected: Monitor, path: str) -> None:
    """What asks for it has none, and it names no channel."""
    response = protected.get(path)
    assert (response.status in {200, 503}, b"alpha" in response.body) == (True, False)


def test_on_loopback_a_token_is_needed_too(processes: StartProcess, pages: StatusPages) -> None:
    """Where one is set. It does not replace the check of the `Host`."""
    pages.reader("alpha")
    monitor = start_monitor(processes, {"MONITOR_TOKEN": TOKEN})
    headers = {"Authorization": _bearer(TOKEN)}
    assert monitor.get("/status.json").status == 401
    assert monitor.get("/status.json", headers).status == 200
    assert monitor.get("/status.json", headers | {"Host": "example.com"}).status == 403


def test_the_token_is_in_no_log(processes: StartProcess, pages: StatusPages) -> None:
    """Neither the right one nor one that somebody tries, at the level that logs most."""
    pages.reader("alpha")
    settings = {"MONITOR_TOKEN": TOKEN, "LOG_LEVEL": "debug"}
    monitor = start_monitor(processes, settings)
    for authorization in (_bearer(TOKEN), _basic("x", TOKEN), _bearer("guess-0123456789")):
        for path in ("/", "/metrics", f"/metrics?{TOKEN}", "/no-such-page"):
            monitor.get(path, {"Authorization": authorization})
    monitor.send(f"GET / HTTP/1.1\r\nAuthorization: Bearer {TOKEN}\r\n bad\r\n\r\n".encode())
    assert monitor.process.stop() == 0
    output = monitor.process.output()
    assert TOKEN not in output
    assert "guess" not in output
    assert base64.b64encode(f"x:{TOKEN}".encode()).decode() not in output


def _bearer(token: str) -> str:
    return f"Bearer {token}"


def _basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
