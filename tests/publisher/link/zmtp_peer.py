"""A peer that speaks ZMTP 3.0 itself (https://rfc.zeromq.org/spec/23/), without encryption."""

from __future__ import annotations

import select
import socket
import struct
from contextlib import suppress

_SIGNATURE = b"\xff" + bytes(8) + b"\x7f"
_GREETING = _SIGNATURE + b"\x03\x00" + b"NULL".ljust(20, b"\0") + bytes(32)
_MORE_AND_LONG = b"\x03"
_COMMAND = b"\x04"

_SEND_WITHIN_S = 60
_RECEIVE_BYTES = 4096


class ZmtpPeer:
    """A connection to *endpoint* as a socket of the type *kind*, for example `PUSH`."""

    def __init__(self, endpoint: str, kind: bytes, *, timeout_s: float = 60) -> None:
        host, port = endpoint.removeprefix("tcp://").split(":")
        self._socket = socket.create_connection((host, int(port)), timeout_s)
        try:
            self._shake_hands(kind)
        except BaseException:
            self.close()
            raise

    def _shake_hands(self, kind: bytes) -> None:
        self._socket.sendall(_GREETING)
        self._receive(len(_GREETING))
        ready = b"\x05READY\x0bSocket-Type" + struct.pack(">I", len(kind)) + kind
        self._socket.sendall(_COMMAND + bytes([len(ready)]) + ready)
        _, size = self._receive(2)
        self._receive(size)

    def send_part(self, size: int) -> None:
        """
        Send a frame of *size* bytes that is not the last of its message.

        Raises ConnectionError if the other side ends the connection meanwhile. Linux does not open
        a closed window any more after the receiver's `shutdown` (`tcp_cleanup_rbuf`), so that
        `sendall` would wait for minutes.
        """
        frame = memoryview(_MORE_AND_LONG + struct.pack(">Q", size) + bytes(size))
        own = [self._socket]
        while frame:
            readable, writable, _ = select.select(own, own, [], _SEND_WITHIN_S)
            if readable and not self._socket.recv(_RECEIVE_BYTES):
                raise ConnectionAbortedError("the other side has ended the connection")
            if writable:
                frame = frame[self._socket.send(frame, socket.MSG_DONTWAIT) :]
            elif not readable:
                raise TimeoutError(f"the other side has taken nothing for {_SEND_WITHIN_S} s")

    def announce_part(self, size: int) -> None:
        """Send only the length of such a frame. Raises OSError."""
        self._socket.sendall(_MORE_AND_LONG + struct.pack(">Q", size))

    def is_closed(self, *, within_s: float) -> bool:
        """Return whether the other side closes the connection within that time."""
        if not select.select([self._socket], [], [], within_s)[0]:
            return False
        with suppress(ConnectionError):
            return not self._socket.recv(1)
        return True

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()

    def _receive(self, size: int) -> bytes:
        received = b""
        while len(received) < size:
            part = self._socket.recv(size - len(received))
            assert part, "the other side has closed the connection"
            received += part
        return received
