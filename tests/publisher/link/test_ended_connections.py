"""Which ends of connections the publisher tells."""

from __future__ import annotations

import logging
import socket
from pathlib import Path

import pytest
import zmq

from common.curve import PublisherKeys, ReaderKeys, secure_client
from common.key_files import PUBLISHER_PAIR, make_pair
from publisher.link.connection_counts import ConnectionCounts
from publisher.link.sockets import LinkSockets
from publisher.link.unpaired_ends import UnpairedEnds
from tests.processes import wait_for
from tests.publisher.link.zmtp_peer import ZmtpPeer

_WITHIN_S = 20

Context = zmq.Context[zmq.Socket[bytes]]


def test_only_a_connection_for_batches_that_ends_alone_is_told(
    sockets: LinkSockets, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each reader has two connections, and one of them is counted."""
    told: list[ConnectionCounts] = []

    def tell(counts: ConnectionCounts) -> None:
        told.append(counts)

    monkeypatch.setattr(ConnectionCounts, "on_ended_alone", tell)
    for _ in range(3):
        ZmtpPeer(sockets.acknowledgements_endpoint, b"SUB").close()
        ZmtpPeer(sockets.batches_endpoint, b"PUSH").close()
    wait_for(lambda: sockets.connections_ended == 3, _WITHIN_S, "the ends")
    ZmtpPeer(sockets.batches_endpoint, b"PUSH").close()
    # Ends are told in their order: the pairs would have been told by then.
    wait_for(lambda: told, _WITHIN_S, "the one that has ended alone")
    assert len(told) == 1
    assert sockets.connections_ended == 4


def test_a_connection_that_was_refused_does_not_also_count_as_ended_alone(
    sockets: LinkSockets, ends: list[float]
) -> None:
    """Its refusal is logged. The ends of others count again afterwards."""
    host, port = sockets.batches_endpoint.removeprefix("tcp://").split(":")
    for _ in range(2):
        socket.create_connection((host, int(port))).close()
    # Ends are handled one after another: by now, the first one has been.
    wait_for(lambda: sockets.connections_ended == 2, _WITHIN_S, "the end of both")
    assert ends == []
    for _ in range(2):
        ZmtpPeer(sockets.batches_endpoint, b"PUSH").close()
    wait_for(lambda: sockets.connections_ended == 4, _WITHIN_S, "the end of readers")
    assert ends


def test_a_connection_with_an_unknown_key_does_not_also_count_as_ended_alone(
    context: Context, ends: list[float], tmp_path: Path
) -> None:
    """Its key is named in the log."""
    pair, stranger = make_pair(tmp_path / PUBLISHER_PAIR), make_pair(tmp_path / "stranger.json")
    keys = PublisherKeys(pair, tmp_path)
    with (
        LinkSockets("tcp://127.0.0.1:0", "tcp://127.0.0.1:0", keys) as sockets,
        context.socket(zmq.PUSH) as first,
        context.socket(zmq.PUSH) as second,
    ):
        for push in (first, second):
            secure_client(push, ReaderKeys(stranger, pair.public_key))
            push.connect(sockets.batches_endpoint)
        wait_for(lambda: sockets.connections_ended >= 2, _WITHIN_S, "the end of both")
        assert ends == []


@pytest.fixture
def ends(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return a list to which the ends of connections for batches are added that may be alone."""
    noted: list[float] = []
    monkeypatch.setattr(UnpairedEnds, "on_batches_ended", lambda _, now: noted.append(now))
    return noted


def test_what_may_have_ended_a_connection_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Once in a while: a peer may connect again and again."""
    counts = ConnectionCounts()
    with caplog.at_level(logging.INFO):
        counts.on_ended_alone()
        counts.on_ended_alone()
    (line,) = caplog.messages
    assert line.startswith("a connection for batches has ended, and its reader did not stop: ")
    assert "a frame of more than 8 MiB" in line
