"""A refused connection is retried. ZeroMQ itself does not retry it."""

from __future__ import annotations

import time
from collections.abc import Iterator
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
    socket = context.socket(zmq.PULL)
    secure_server(socket, pair)
    socket.bind("tcp://127.0.0.1:0")
    return socket


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
    socket = context.socket(zmq.REP)
    socket.bind("inproc://zeromq.zap.01")
    return socket


def test_a_refused_reader_connects_once_it_is_admitted(
    zap: zmq.Socket[bytes], pull: zmq.Socket[bytes], connection: LinkConnection
) -> None:
    """It retries every 10 s, not sooner. Batches sent after that arrive."""
    connection.connect()
    for now in (0.0, TRY_AGAIN_AFTER_S):
        reply(zap, b"400")

        def retries(now: float = now) -> bool:
            connection.reconnect_if_due(now)
            return bool(zap.poll(10))

        wait_for(retries, _WITHIN_S, "another attempt")
    reply(zap, b"400")
    deadline = time.monotonic() + 0.5
    while time.monotonic() < deadline:
        connection.reconnect_if_due(2 * TRY_AGAIN_AFTER_S - 0.1)
        assert not zap.poll(10), "it retried too soon"
    connection.reconnect_if_due(2 * TRY_AGAIN_AFTER_S)
    reply(zap, b"200")
    connection.socket.send(b"batch")
    assert pull.poll(_WITHIN_S * 1000)
    assert pull.recv() == b"batch"


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
