"""Which keys are admitted, as ZeroMQ asks: https://rfc.zeromq.org/spec/27/."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence

import pytest
import zmq

from publisher.link.zap_authenticator import ZapAuthenticator

_WITHIN_MS = 20_000

OURS, THEIRS = bytes(range(32)), bytes(32)

Ask = Callable[..., Sequence[bytes]]


@pytest.fixture
def context() -> Iterator[zmq.Context[zmq.Socket[bytes]]]:
    """Return a context that ends after the test; its sockets are closed by then."""
    context = zmq.Context()
    yield context
    context.term()


@pytest.fixture
def authenticator(context: zmq.Context[zmq.Socket[bytes]]) -> ZapAuthenticator:
    """Return one that admits the key OURS."""
    authenticator = ZapAuthenticator(context)
    authenticator.authorized = {OURS.hex(): "ours"}
    authenticator.start()
    return authenticator


@pytest.fixture
def ask(context: zmq.Context[zmq.Socket[bytes]]) -> Iterator[Ask]:
    """Return a function that asks as ZeroMQ does, and returns the response."""
    socket = context.socket(zmq.REQ)
    socket.connect("inproc://zeromq.zap.01")

    def ask(mechanism: bytes, *credentials: bytes, address: bytes = b"192.0.2.7") -> list[bytes]:
        socket.send_multipart([b"1.0", b"id", b"domain", address, b"", mechanism, *credentials])
        if not socket.poll(_WITHIN_MS):
            context.destroy(linger=0)  # the thread no longer does it
            pytest.fail("the thread has ended")
        return socket.recv_multipart()

    yield ask
    socket.close(linger=0)


def test_an_authorised_key_is_admitted(ask: Ask, authenticator: ZapAuthenticator) -> None:
    """It is also the user's id."""
    assert ask(b"CURVE", OURS) == [b"1.0", b"id", b"200", b"", OURS.hex().encode(), b""]
    assert not authenticator.refused.total()


@pytest.mark.parametrize(
    "credentials",
    [(b"CURVE", THEIRS), (b"CURVE",), (b"NULL",), (b"PLAIN", OURS, b"password")],
)
def test_anybody_else_is_refused(
    ask: Ask, authenticator: ZapAuthenticator, credentials: Sequence[bytes]
) -> None:
    """Each one is counted."""
    for count in (1, 2):
        assert ask(*credentials) == [b"1.0", b"id", b"400", b"", b"", b""]
        assert authenticator.refused["unknown key"] == authenticator.refused.total() == count


@pytest.mark.usefixtures("authenticator")
def test_a_refusal_is_logged_with_the_address_and_the_command(
    ask: Ask, caplog: pytest.LogCaptureFixture
) -> None:
    """The command admits the key. An address that is not ASCII does no harm."""
    with caplog.at_level(logging.WARNING):
        ask(b"CURVE", THEIRS, address=b"fe80::1\xff")
    (line,) = caplog.messages
    assert line.startswith("refused a connection, unknown key (fe80::1\ufffd): ")
    assert line.endswith(f"`python -m common.keys authorize {THEIRS.hex()}`")
