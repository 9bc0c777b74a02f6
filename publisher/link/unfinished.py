"""
Ends the connections of peers that send a message without end.

A message has one or two frames, each of at most MAX_FRAME_BYTES. But a peer of another program can
announce one more frame each time. libzmq keeps the frames of a message until the last one has
arrived, outside of its high-water mark, which counts whole messages (`pipe_t::write`), and has no
option that bounds them. Nor can the application see them. So this asks the kernel how much each
connection has received, and ends one that has received more than a reader may have under way since
its last message was taken.

`ipc://` connections are not counted: only the publisher's own user can connect to its socket files.
"""

from __future__ import annotations

import logging
import socket
import struct
from dataclasses import dataclass

from common.logs import BoundedLog

logger = logging.getLogger(__name__)

#: A reader has at most 8 MiB unacknowledged, and sends them again at most once unasked. If this is
#: ever too little, the reader connects again, and sends again what was lost.
MAX_UNFINISHED_BYTES = 32 * 1024 * 1024

#: Where `tcpi_bytes_received` is in `struct tcp_info` (linux/tcp.h, since Linux 4.1).
_BYTES_RECEIVED_AT = 128


@dataclass
class _Connection:
    socket: socket.socket
    peer: object
    #: What it had received when a message of it was taken last.
    taken: int = 0


class UnfinishedMessages:
    """Watches the connections that libzmq has accepted, by their file descriptors."""

    def __init__(self) -> None:
        self._connections: dict[int, _Connection] = {}
        self._log = BoundedLog(logger.warning)

    def __bool__(self) -> bool:
        """Return whether there are connections to watch."""
        return bool(self._connections)

    def on_accepted(self, descriptor: int) -> None:
        """Watch a new connection."""
        self.on_ended(descriptor)
        try:
            connection = socket.socket(fileno=descriptor)
        except OSError:
            return  # it has ended already
        try:
            if connection.family in {socket.AF_INET, socket.AF_INET6}:
                peer = connection.getpeername()
                self._connections[descriptor] = _Connection(connection, peer)
                return
        except OSError:
            pass
        connection.detach()

    def on_ended(self, descriptor: int) -> None:
        """Forget a connection that has ended."""
        connection = self._connections.pop(descriptor, None)
        if connection is not None:
            connection.socket.detach()  # libzmq has closed it

    def forget_all(self) -> None:
        """Forget all connections. Otherwise Python would close their descriptors at some time."""
        for descriptor in list(self._connections):
            self.on_ended(descriptor)

    def check(self, taken: set[int]) -> None:
        """End what exceeds the limit; *taken* are the connections of messages taken meanwhile."""
        for descriptor, connection in list(self._connections.items()):
            try:
                received = _received(connection.socket)
                if descriptor in taken:
                    connection.taken = received
                elif received - connection.taken > MAX_UNFINISHED_BYTES:
                    self._end(descriptor, connection)
            except OSError:
                self.on_ended(descriptor)

    def _end(self, descriptor: int, connection: _Connection) -> None:
        self.on_ended(descriptor)
        # The descriptor may belong to another connection by now.
        with socket.socket(fileno=descriptor) as current:
            try:
                if current.getpeername() != connection.peer:
                    return
                current.shutdown(socket.SHUT_RDWR)
            finally:
                current.detach()
        self._log(
            "ended the connection of %s: it has sent more than %d MiB without completing a message",
            connection.peer,
            MAX_UNFINISHED_BYTES >> 20,
        )


def _received(connection: socket.socket) -> int:
    size = _BYTES_RECEIVED_AT + 8
    info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, size)
    received: int = struct.unpack_from("=Q", info, _BYTES_RECEIVED_AT)[0]
    return received
