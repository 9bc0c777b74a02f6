"""Connections that are not used as they should be: with a running monitor, or shorter limits."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress

import pytest
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.config import Config
from uvicorn.server import Server

from monitor.web import connection
from monitor.web.connection import LimitedConnection
from tests.monitor.web.monitors import Monitor, monitor_of

_GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
_END = b"\r\nConnection: close\r\n\r\n"
_SHORT_S = 1.0
_LONG_S = 20.0


@pytest.fixture(scope="module")
def monitor() -> Iterator[Monitor]:
    """A monitor of a host with one channel."""
    with monitor_of("alpha") as monitor:
        yield monitor


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: example.com\r\n\r\n",
        b"GET / HTTP/1.1\r\n bad: x\r\n\r\n",
        b"GET\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200),
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        b"GET /\xe9\x00 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ],
    ids=["hosts", "name", "word", "tls", "ssh", "path"],
)
def test_what_is_no_request_is_refused(monitor: Monitor, request_bytes: bytes) -> None:
    """With 400 and the end of the connection; the log has no line about it."""
    response = monitor.send(request_bytes)
    assert response.startswith(b"HTTP/1.1 400 "), response
    assert len(monitor.process.output().splitlines()) == 1


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 10_000 + _END,
        b"GET /" + b"x" * 10_000 + b" HTTP/1.1\r\nHost: localhost" + _END,
        b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X: y\r\n" * 2_000 + _END[2:],
        b"\xff\x00" * 5_000,
    ],
    ids=["header", "line", "headers", "binary"],
)
def test_a_request_that_is_too_large_is_refused(monitor: Monitor, request_bytes: bytes) -> None:
    """Whether it comes at once or in parts. The log has no line about it."""
    refused = (b"HTTP/1.1 400 ", b"HTTP/1.1 431 ")
    assert monitor.send(request_bytes).startswith(refused)
    # What is left of the request when the server ends the connection resets it.
    with monitor.connect() as client, suppress(ConnectionError):
        client.sendall(request_bytes[:9_000])
        assert client.recv(13) in (*refused, b"")
    assert len(monitor.process.output().splitlines()) == 1


def test_an_upgrade_is_ignored(monitor: Monitor) -> None:
    """There are no websockets here."""
    headers = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
    assert monitor.get("/status.json", headers).status == 200


def test_a_connection_serves_several_requests(monitor: Monitor) -> None:
    """One after another, also if they come at once."""
    last = b"GET /status.json HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    assert monitor.send(_GET + _GET + last).count(b"HTTP/1.1 200 OK") == 3


def test_a_client_that_leaves_early_is_no_error(monitor: Monitor) -> None:
    """Neither before the response nor in the middle of it."""
    for request in (b"", b"GET / HT", _GET, b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n"):
        with monitor.connect() as client:
            client.sendall(request)
    assert monitor.get("/livez").status in {200, 503}
    assert monitor.process.stop() == 0
    assert "ERROR" not in monitor.process.output()


@pytest.fixture
async def port(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Callable[[ASGIApp], int]]:
    """A function that serves an application, with shorter limits; it returns the port."""
    monkeypatch.setattr(connection, "REQUEST_WITHIN_S", _SHORT_S)
    monkeypatch.setattr(connection, "TAKE_WITHIN_S", _SHORT_S)
    monkeypatch.setattr(connection, "MOST_CONNECTIONS", 3)
    listener = socket.create_server(("127.0.0.1", 0))
    started: list[tuple[Server, asyncio.Task[None]]] = []

    def start(app: ASGIApp) -> int:
        server = Server(
            Config(app, http=LimitedConnection, ws="none", lifespan="off", timeout_keep_alive=60)
        )
        started.append((server, asyncio.create_task(server._serve([listener]))))
        port: int = listener.getsockname()[1]
        return port

    yield start
    for server, serving in started:
        server.should_exit = True
        await serving


@pytest.mark.parametrize(
    ("before", "begun"), [(b"", b""), (b"", _GET[:20]), (_GET, _GET[:1]), (_GET, _GET[:20])]
)
async def test_a_request_that_does_not_come_is_not_waited_for(
    port: Callable[[ASGIApp], int], before: bytes, begun: bytes
) -> None:
    """Neither the first one on a connection nor the next."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port(PlainTextResponse("here")))
    async with asyncio.timeout(_LONG_S):
        if before:
            writer.write(before)
            await reader.readuntil(b"here")
        writer.write(begun)
        with suppress(ConnectionError):
            assert await reader.read() == b""
    writer.close()


async def test_a_response_that_nobody_takes_is_given_up(port: Callable[[ASGIApp], int]) -> None:
    """The application learns that the client is gone, and the connection ends."""
    ended = asyncio.Event()

    async def endless(_: Scope, receive: Receive, send: Send) -> None:
        async def pour() -> None:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            while True:
                body = {"type": "http.response.body", "body": bytes(100_000), "more_body": True}
                await send(body)
                await asyncio.sleep(0)

        pouring = asyncio.create_task(pour())
        while (await receive())["type"] != "http.disconnect":
            pass
        pouring.cancel()
        ended.set()

    client = socket.create_connection(("127.0.0.1", port(endless)))
    with client:
        client.sendall(_GET)
        async with asyncio.timeout(_LONG_S):
            await ended.wait()


async def test_connections_beyond_the_limit_are_closed(
    port: Callable[[ASGIApp], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """At once, so that those who send nothing cannot use up the files of the process."""
    monkeypatch.setattr(connection, "REQUEST_WITHIN_S", 2 * _LONG_S)
    where = ("127.0.0.1", port(PlainTextResponse("here")))
    opened = [await asyncio.open_connection(*where) for _ in range(4)]
    async with asyncio.timeout(_LONG_S):
        with suppress(ConnectionError):
            assert await opened[3][0].read() == b""
    for _, writer in opened:
        writer.close()
