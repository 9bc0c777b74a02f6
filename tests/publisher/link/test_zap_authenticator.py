"""Which keys are admitted, as ZeroMQ asks: https://rfc.zeromq.org/spec/27/."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence

import pytest
import zmq

from publisher.link.connection_counts import ConnectionCounts
from publisher.link.zap_authenticator import ZapAuthenticator

OURS, THEIRS = bytes(range(32)), bytes(32)


class Zap:
    """An authenticator that admits the key OURS, and ZeroMQ's end of its socket."""

    def __init__(self, context: zmq.Context[zmq.Socket[bytes]]) -> None:
        self.counts = ConnectionCounts()
        self._authenticator = ZapAuthenticator(context, self.counts)
        self._authenticator.authorized = {OURS.hex(): "ours"}
        self._socket = context.socket(zmq.REQ)
        self._socket.connect("inproc://zeromq.zap.01")

    def ask(
        self, mechanism: bytes, *credentials: bytes, address: bytes = b"192.0.2.7"
    ) -> Sequence[bytes]:
        """Return the response to a request with these fields."""
        request = [b"1.0", b"id", b"domain", address, b"", mechanism, *credentials]
        self._socket.send_multipart(request)
        self._authenticator.respond()
        return self._socket.recv_multipart()


@pytest.fixture
def zap() -> Iterator[Zap]:
    """Return an authenticator; its sockets are closed after the test."""
    context = zmq.Context()
    yield Zap(context)
    context.destroy(linger=0)


def test_an_authorised_key_is_admitted(zap: Zap) -> None:
    """It is also the user's id."""
    assert zap.ask(b"CURVE", OURS) == [b"1.0", b"id", b"200", b"", OURS.hex().encode(), b""]
    assert not zap.counts.refused.total()


@pytest.mark.parametrize(
    "credentials",
    [(b"CURVE", THEIRS), (b"CURVE",), (b"NULL",), (b"PLAIN", OURS, b"password")],
)
def test_anybody_else_is_refused(zap: Zap, credentials: Sequence[bytes]) -> None:
    """Each one is counted."""
    for count in (1, 2):
        assert zap.ask(*credentials) == [b"1.0", b"id", b"400", b"", b"", b""]
        assert zap.counts.refused["unknown key"] == zap.counts.refused.total() == count


def test_a_refusal_is_logged_with_the_address_and_the_command(
    zap: Zap, caplog: pytest.LogCaptureFixture
) -> None:
    """The command admits the key. An address that is not ASCII does no harm."""
    with caplog.at_level(logging.WARNING):
        zap.ask(b"CURVE", THEIRS, address=b"fe80::1\xff")
    (line,) = caplog.messages
    assert line.startswith("refused a connection, unknown key (fe80::1\ufffd): ")
    assert line.endswith(f"twitch-ingestion keys authorize {THEIRS.hex()}`")
