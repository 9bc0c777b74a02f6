"""A message without end costs a bounded amount of memory, and only its own connection."""

from __future__ import annotations

import gc
import logging
import os
import socket
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress

import pytest
import zmq

from publisher.link.sockets import LinkSockets
from publisher.link.unfinished import MAX_UNFINISHED_BYTES, UnfinishedMessages
from tests.processes import wait_for
from tests.publisher.link.zmtp_peer import ZmtpPeer

MIB = 1024 * 1024

_NEVER_DISCONNECTED = 100 * MAX_UNFINISHED_BYTES


@pytest.fixture
def checked_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have `sockets` check the connections also if the memory has not grown."""
    monkeypatch.setattr("publisher.link.connection_watcher._GROWN_BYTES", -1)


@pytest.mark.parametrize(
    ("kind", "part"),
    [(b"PUSH", 4 * MIB), (b"SUB", 1000)],
)
def test_a_peer_that_never_ends_its_message_is_disconnected(
    sockets: LinkSockets, caplog: pytest.LogCaptureFixture, kind: bytes, part: int
) -> None:
    """At either socket, with parts as large as it accepts. The log has the peer's address."""
    caplog.set_level(logging.WARNING)
    endpoint = {b"PUSH": sockets.batches_endpoint, b"SUB": sockets.acknowledgements_endpoint}[kind]
    with closing(ZmtpPeer(endpoint, kind)) as peer:
        sent = _send_until_disconnected(peer, part)

    assert MAX_UNFINISHED_BYTES < sent < _NEVER_DISCONNECTED
    wait_for(lambda: caplog.messages, 60, "a line about it")
    assert "('127.0.0.1', " in caplog.messages[0]
    assert "has sent more than 32 MiB without completing a message" in caplog.messages[0]


@pytest.mark.usefixtures("checked_each_time", "sockets")
def test_a_reader_that_sends_more_than_that_in_whole_messages_stays_connected(
    sockets: LinkSockets,
) -> None:
    """For longer than the time between two checks."""
    message = [b"envelope", bytes(MIB)]
    until = time.monotonic() + 0.6
    sent = 0
    with zmq.Context() as context, context.socket(zmq.PUSH) as push:
        push.setsockopt(zmq.LINGER, 0)
        push.connect(sockets.batches_endpoint)
        while sent < 2 * MAX_UNFINISHED_BYTES or time.monotonic() < until:
            push.send_multipart(message)
            sent += len(message[1])
            assert wait_for(sockets.receive, 60, "the message") == message

        assert sockets.connections_ended == 0


def test_what_counts_is_what_has_arrived_since_the_last_message_was_taken() -> None:
    """A connection is ended as soon as that exceeds the limit, and not before."""
    unfinished = UnfinishedMessages()
    with _connection() as (peer, accepted):
        unfinished.on_accepted(accepted.fileno())
        for taken in ({accepted.fileno()}, set[int](), {accepted.fileno()}):
            _transfer(peer, accepted, MAX_UNFINISHED_BYTES)
            unfinished.check(taken)
        _transfer(peer, accepted, MAX_UNFINISHED_BYTES)
        unfinished.check(set())
        assert unfinished

        _transfer(peer, accepted, 1)
        unfinished.check(set())
        assert not unfinished
        assert peer.recv(1) == b""


def test_the_descriptors_of_connections_are_left_to_zeromq() -> None:
    """They stay open: another connection may have them by then."""
    unfinished = UnfinishedMessages()
    with _connection() as (peer, accepted):
        unfinished.on_accepted(accepted.fileno())
        unfinished.forget_all()
        del unfinished
        gc.collect()

        _transfer(peer, accepted, 1)


def test_another_connection_that_has_the_descriptor_of_an_ended_one_is_left_alone() -> None:
    """ZeroMQ closes a connection some time before its monitor says so."""
    unfinished = UnfinishedMessages()
    with _connection() as (_, accepted), _connection() as (peer, other):
        unfinished.on_accepted(accepted.fileno())
        os.dup2(other.fileno(), accepted.fileno())
        _transfer(peer, other, MAX_UNFINISHED_BYTES + 1)
        unfinished.check(set())

        assert not unfinished
        _transfer(peer, other, 1)


def _send_until_disconnected(peer: ZmtpPeer, part: int) -> int:
    """Send parts of *part* bytes; return how many bytes it took, at most _NEVER_DISCONNECTED."""
    sent = 0
    with suppress(ConnectionError):
        while sent < _NEVER_DISCONNECTED:
            peer.send_part(part)
            sent += part
    return sent


@contextmanager
def _connection() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Yield both ends of a TCP connection, the accepted one last."""
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname(), 10) as peer,
        server.accept()[0] as accepted,
    ):
        yield peer, accepted


def _transfer(peer: socket.socket, accepted: socket.socket, size: int) -> None:
    """Send *size* bytes from *peer*, and take them from the other end."""
    part = bytes(64 * 1024)
    while size:
        peer.sendall(part[:size])
        left = min(size, len(part))
        size -= left
        while left:
            left -= len(accepted.recv(left))
