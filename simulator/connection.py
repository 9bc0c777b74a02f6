"""One client's connection: lines in, bytes out, and the several ways a connection can end."""

from __future__ import annotations

import asyncio
import fcntl
import socket
import struct
import termios

#: How long a client may take to read the rest and say good-bye before it is cut off, in seconds.
CLOSE_TIMEOUT_S = 5.0

#: How long what was written may take to reach the client's kernel, in seconds.
_FLUSH_TIMEOUT_S = 5.0


class Connection:
    """
    A connected client, over TLS or not.

    Writing to a client that is gone is no error: a chat server cannot know, and goes on.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._closed = asyncio.Event()
        #: True once we neither read nor write although the connection stands.
        self.half_open = False
        address = writer.get_extra_info("peername")
        self.peer_host = str(address[0])
        self.peer = f"{address[0]}:{address[1]}"

    async def read_line(self) -> bytes | None:
        """Return the client's next line without its end, or None when there will be no more."""
        try:
            line = await self._reader.readuntil(b"\n")
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError):
            line = b""
        if self.half_open:
            await self._closed.wait()
            return None
        return line.rstrip(b"\r\n") if line else None

    def write(self, data: bytes) -> None:
        """Send *data*, in time."""
        if not self.half_open and not self._writer.is_closing():
            self._writer.write(data)

    async def drain(self) -> None:
        """Wait as long as the client takes in less than it was sent."""
        if self.half_open:
            return
        try:
            await self._writer.drain()
        except OSError:
            # The reading side notices, too, and ends the session.
            return

    async def flush(self) -> None:
        """
        Wait until the client's kernel has everything that was written.

        Raises TimeoutError when it does not take it, ConnectionError when the connection ends.
        """
        async with asyncio.timeout(_FLUSH_TIMEOUT_S):
            # Nothing tells when a peer has acknowledged: the kernel can only be asked.
            while self._holds_unsent():  # noqa: ASYNC110
                await asyncio.sleep(0.001)

    async def close(self) -> None:
        """End the connection as TLS and TCP want it."""
        self._closed.set()
        self._writer.close()
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await self._writer.wait_closed()
        except OSError:  # TimeoutError is one, and so are ssl.SSLError and ConnectionError
            self.abort()

    def abort(self) -> None:
        """End the connection now, whatever may still be on its way."""
        self._closed.set()
        self._writer.transport.abort()

    def stop_reading_and_writing(self) -> None:
        """Keep the connection, and take no more part in it."""
        self.half_open = True
        self._writer.transport.pause_reading()  # type: ignore[attr-defined]  # a ReadTransport

    def reset(self) -> None:
        """End the connection with a TCP RST."""
        # Lingering for no time at all is how a socket is told to reset: socket(7), SO_LINGER.
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.abort()

    @property
    def _socket(self) -> socket.socket:
        found: socket.socket = self._writer.get_extra_info("socket")
        return found

    def _holds_unsent(self) -> bool:
        if self._writer.is_closing():
            raise ConnectionError(f"{self.peer} is gone")
        if self._writer.transport.get_write_buffer_size():
            return True
        # tcp(7), SIOCOUTQ: what is in the send queue, unsent or not acknowledged.
        queued = fcntl.ioctl(self._socket.fileno(), termios.TIOCOUTQ, bytes(4))
        return any(queued)
