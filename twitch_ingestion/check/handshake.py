"""
Connects to a publisher as a reader does, up to the handshake, and sends nothing.

A handshake that fails mostly says no more than that. Then the greeting tells what is there: ZeroMQ
sends the name of its mechanism, CURVE or NULL, before any key counts (ZMTP,
https://rfc.zeromq.org/spec/23/).
"""

from __future__ import annotations

import socket
import time
from contextlib import suppress
from enum import Enum, auto
from typing import NamedTuple

import zmq
from zmq.utils.monitor import parse_monitor_message

from common.curve import ReaderKeys, secure_client
from twitch_ingestion.check.address import own_addresses, tcp_address

_WITHIN_MS = 4000
_GREETING_WITHIN_S = 2.0
#: 0 would not wait at all, but would not be a time-out either.
_SHORTEST_WAIT_S = 0.001

_FAILED = zmq.Event.HANDSHAKE_FAILED_PROTOCOL | zmq.Event.HANDSHAKE_FAILED_NO_DETAIL
_REFUSED = zmq.Event.HANDSHAKE_FAILED_AUTH
_SUCCEEDED = zmq.Event.HANDSHAKE_SUCCEEDED
_NOT_CONNECTED = zmq.Event.CLOSED | zmq.Event.CONNECT_RETRIED

_SIGNATURE_BYTES = 10
#: The signature, and ZMTP's version 3.
_OUR_BEGINNING = b"\xff" + bytes(8) + b"\x7f\x03"
_MECHANISM = slice(12, 32)
_GREETING_BYTES = 64


class Outcome(Enum):
    """How a handshake ended."""

    ACCEPTED = auto()
    #: The publisher does not admit our key.
    KEY_REFUSED = auto()
    #: A publisher that encrypts, and our key of it is wrong, or it is the other one of its ports.
    WRONG_KEY = auto()
    #: A publisher that encrypts, and we do not.
    IS_ENCRYPTED = auto()
    #: A publisher that does not encrypt, and we do.
    IS_NOT_ENCRYPTED = auto()
    #: A publisher without encryption, but not of this kind of socket.
    WRONG_SOCKET = auto()
    #: Something else listens.
    NO_PUBLISHER = auto()
    #: Nothing can be reached.
    UNREACHABLE = auto()


class Handshake(NamedTuple):
    """How a handshake ended, and why if that is known."""

    outcome: Outcome
    reason: str = ""


def shake_hands(endpoint: str, kind: int, keys: ReaderKeys | None) -> Handshake:
    """Connect a socket of *kind* to *endpoint* with *keys*, and return how that ended."""
    event = _first_event(endpoint, kind, keys)
    if event == _SUCCEEDED:
        return Handshake(Outcome.ACCEPTED)
    if event == _REFUSED:
        return Handshake(Outcome.KEY_REFUSED)
    try:
        mechanism = mechanism_at(endpoint)
    except OSError as error:
        return Handshake(Outcome.UNREACHABLE, error.strerror or str(error))
    if mechanism is None:
        return Handshake(Outcome.NO_PUBLISHER)
    if mechanism == "CURVE":
        return Handshake(Outcome.WRONG_KEY if keys else Outcome.IS_ENCRYPTED)
    return Handshake(Outcome.IS_NOT_ENCRYPTED if keys else Outcome.WRONG_SOCKET)


def _first_event(endpoint: str, kind: int, keys: ReaderKeys | None) -> int:
    """Return the event that decides; 0 when none came in time."""
    context = zmq.Context()
    connection: zmq.Socket[bytes] = context.socket(kind)
    try:
        connection.setsockopt(zmq.IPV6, 1)
        if keys is not None:
            secure_client(connection, keys)
        events = _FAILED | _REFUSED | _SUCCEEDED | _NOT_CONNECTED
        monitor: zmq.Socket[bytes] = connection.get_monitor_socket(events)
        connection.connect(endpoint)
        if monitor.poll(_WITHIN_MS):
            return int(parse_monitor_message(monitor.recv_multipart())["event"])
        return 0
    finally:
        connection.disable_monitor()
        context.destroy(linger=0)


def mechanism_at(endpoint: str) -> str | None:
    """
    Return the mechanism of the ZeroMQ socket at *endpoint*, None if that does not speak ZeroMQ.

    Raises OSError if nothing can be reached there.
    """
    connection = _connect(endpoint)
    # What ends before its greeting is no publisher.
    with connection, suppress(OSError):
        connection.sendall(_OUR_BEGINNING)
        return _mechanism(_receive(connection, _GREETING_BYTES))
    return None


def _mechanism(greeting: bytes) -> str | None:
    is_zeromq = greeting[:1] == b"\xff" and greeting[9:_SIGNATURE_BYTES] == b"\x7f"
    return greeting[_MECHANISM].rstrip(b"\0").decode("ascii", "replace") if is_zeromq else None


def _connect(endpoint: str) -> socket.socket:
    address = tcp_address(endpoint)
    if address is not None:
        *others, last = own_addresses(address)
        for other in others:
            with suppress(OSError):
                return socket.create_connection(other, _GREETING_WITHIN_S)
        return socket.create_connection(last, _GREETING_WITHIN_S)
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.settimeout(_GREETING_WITHIN_S)
        connection.connect(endpoint.removeprefix("ipc://"))
    except BaseException:
        connection.close()
        raise
    return connection


def _receive(connection: socket.socket, size: int) -> bytes:
    """Return up to *size* bytes, or fewer if the other side ends. Raises TimeoutError."""
    received = b""
    deadline = time.monotonic() + _GREETING_WITHIN_S
    while len(received) < size:
        # For all of it: the other side may send a byte now and then.
        connection.settimeout(max(deadline - time.monotonic(), _SHORTEST_WAIT_S))
        part = connection.recv(size - len(received))
        if not part:
            break
        received += part
    return received
