"""A connection to a publisher, and what happens when it is refused: ZeroMQ does not retry then."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
import zmq

from common.curve import ReaderKeys, secure_server
from common.key_files import KeyPair, make_pair
from readers.link.link_connection import TRY_AGAIN_AFTER_S, LinkConnection
from tests.processes import wait_for

Context = zmq.Context[zmq.Socket[bytes]]

_WITHIN_S = 20


@pytest.fixture
def context() -> Iterator[Context]:
    """Return a context; its sockets are closed after the test."""
    context = zmq.Context()
    yield context
    context.destroy(linger=0)


@pytest.fixture
def pair(tmp_path: Path) -> KeyPair:
    """Return the publisher's keys."""
    return make_pair(tmp_path / "publisher.json")


@pytest.fixture
def keys(tmp_path: Path, pair: KeyPair) -> ReaderKeys:
    """Return a reader's keys, with the publisher's public key."""
    return ReaderKeys(make_pair(tmp_path / "readers.json"), pair.public_key)


@pytest.fixture
def pull(context: Context, pair: KeyPair) -> zmq.Socket[bytes]:
    """Return the publisher's socket, which asks ZAP whether to admit a peer."""
    pull = context.socket(zmq.PULL)
    secure_server(pull, pair)
    pull.bind("tcp://127.0.0.1:0")
    return pull


@pytest.fixture
def connection(context: Context, pull: zmq.Socket[bytes], keys: ReaderKeys) -> LinkConnection:
    """Return a reader's connection to that socket, not connected yet."""
    return LinkConnection(context, zmq.PUSH, pull.getsockopt_string(zmq.LAST_ENDPOINT), keys)


def reply(zap: zmq.Socket[bytes], status: bytes) -> None:
    """Reply to the next ZAP request with *status*."""
    assert zap.poll(_WITHIN_S * 1000), "no ZAP request"
    request_id = zap.recv_multipart()[1]
    zap.send_multipart([b"1.0", request_id, status, b"", b"", b""])


@pytest.fixture
def zap(context: Context) -> zmq.Socket[bytes]:
    """Return the socket that receives ZAP requests."""
    zap = context.socket(zmq.REP)
    zap.bind("inproc://zeromq.zap.01")
    return zap


def test_a_refused_reader_connects_once_it_is_admitted(
    zap: zmq.Socket[bytes],
    pull: zmq.Socket[bytes],
    connection: LinkConnection,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It retries every 10 s, not sooner. Batches sent after that arrive."""

    def retries(now: float) -> bool:
        connection.reconnect_if_due(now)
        return bool(zap.poll(10))

    connection.connect()
    for now in (0.0, TRY_AGAIN_AFTER_S):
        reply(zap, b"400")
        wait_for(partial(retries, now), _WITHIN_S, "another attempt")
    reply(zap, b"400")
    deadline = time.monotonic() + 0.5
    while time.monotonic() < deadline:
        assert not retries(2 * TRY_AGAIN_AFTER_S - 0.1), "it retried too soon"
    wait_for(partial(retries, 2 * TRY_AGAIN_AFTER_S), _WITHIN_S, "the last attempt")
    reply(zap, b"200")
    connection.socket.send(b"batch")
    assert pull.poll(_WITHIN_S * 1000)
    assert pull.recv() == b"batch"
    endpoint = pull.getsockopt_string(zmq.LAST_ENDPOINT)
    assert f"the publisher at {endpoint} refuses this reader" in caplog.text


def test_a_new_connection_starts_with_an_empty_queue(
    zap: zmq.Socket[bytes], pull: zmq.Socket[bytes], connection: LinkConnection
) -> None:
    """The link itself sends the unsent batches again, in order."""
    connection.connect()
    connection.socket.send(b"stale")
    reply(zap, b"400")

    def retries() -> bool:
        connection.reconnect_if_due(0.0)
        return bool(zap.poll(10))

    wait_for(retries, _WITHIN_S, "another attempt")
    reply(zap, b"200")
    connection.socket.send(b"fresh")
    assert pull.poll(_WITHIN_S * 1000)
    assert pull.recv() == b"fresh"


@pytest.fixture
def host() -> str:
    """Return the address that a server without ZMTP listens on."""
    return "127.0.0.1"


@pytest.fixture
def server(host: str) -> Iterator[socket.socket]:
    """Return a listening socket that speaks no ZMTP."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family) as server:
        server.settimeout(_WITHIN_S)
        yield server


@pytest.fixture
def to_server(server: socket.socket, host: str, context: Context) -> LinkConnection:
    """Return a connection without encryption to that socket, not connected yet."""
    return LinkConnection(
        context,
        zmq.PUSH,
        f"tcp://{f'[{host}]' if ':' in host else host}:{server.getsockname()[1]}",
        None,
    )


def can_queue(connection: LinkConnection) -> bool:
    """Return whether a message can be sent: ZeroMQ has a queue for it from `connect` on."""
    return bool(connection.socket.poll(0, zmq.POLLOUT))


def test_only_connect_makes_a_connection(to_server: LinkConnection) -> None:
    """`reconnect_if_due` makes none before, and none once it was closed."""
    to_server.reconnect_if_due(0.0)
    assert not can_queue(to_server)
    to_server.connect()
    assert can_queue(to_server)
    to_server.disconnect()
    to_server.reconnect_if_due(0.0)
    assert not can_queue(to_server)


def test_closing_a_connection_that_is_not_there_does_nothing(to_server: LinkConnection) -> None:
    """Before it was made, and a second time."""
    to_server.disconnect()
    to_server.connect()
    to_server.disconnect()
    to_server.disconnect()
    assert not can_queue(to_server)


@pytest.mark.parametrize("host", ["::1"])
def test_a_publisher_is_reached_over_ipv6(server: socket.socket, to_server: LinkConnection) -> None:
    """ZeroMQ has to be told to."""
    to_server.connect()
    server.accept()[0].close()


def test_a_host_that_vanished_is_noticed(to_server: LinkConnection) -> None:
    """By the kernel. A socket that only receives would wait for it."""
    assert to_server.socket.getsockopt(zmq.TCP_KEEPALIVE) == 1


def test_a_failed_handshake_does_not_leave_a_second_connection(
    server: socket.socket, to_server: LinkConnection
) -> None:
    """ZeroMQ retries it, too. Over two connections, batches would arrive out of order."""
    to_server.socket.setsockopt(zmq.SNDHWM, 10)
    to_server.connect()
    for _ in range(2):
        server.accept()[0].close()
    with server.accept()[0]:
        # It has noted two failures, which are one reason to connect again.
        to_server.reconnect_if_due(0.0)
        to_server.reconnect_if_due(1.0)
        for _ in range(10):
            to_server.socket.send(b"", zmq.NOBLOCK)
        assert not can_queue(to_server)


def test_a_queue_does_not_keep_a_process_from_ending(
    context: Context, to_server: LinkConnection
) -> None:
    """A sender closes its context at the end, which would wait until all is sent."""
    to_server.connect()
    to_server.socket.send(b"batch")
    to_server.disconnect()
    ending = threading.Thread(target=context.destroy, kwargs={"linger": 0}, daemon=True)
    ending.start()
    ending.join(_WITHIN_S)
    assert not ending.is_alive()
