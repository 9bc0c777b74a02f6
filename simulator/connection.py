"""One client's connection: reads lines, writes bytes, and closes or breaks the connection."""

from __future__ import annotations

import asyncio
import fcntl
import socket
import struct
import termios

#: Seconds that a client has to read the rest and close its side before the connection is aborted.
CLOSE_TIMEOUT_S = 5.0

#: Seconds that written data may take to reach the client's kernel.
_FLUSH_TIMEOUT_S = 5.0


class Connection:
    """
    A connected client, over TLS or plain TCP.

    Writing to a client that has disconnected is not an error, as on a real chat server.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._closed = asyncio.Event()
        #: True once we have stopped reading and writing on the open connection.
        self.half_open = False
        address = writer.get_extra_info("peername")
        self.peer_host = str(address[0])
        self.peer = f"{address[0]}:{address[1]}"

    async def read_line(self) -> bytes | None:
        """Return the client's next line without its line end, or None if the connection ended."""
        try:
            line = await self._reader.readuntil(b"\n")
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError):
            line = b""
        if self.half_open:
            await self._closed.wait()
            return None
        return line.rstrip(b"\r\n") if line else None

    def write(self, data: bytes) -> None:
        """Put *data* into the send buffer. Does nothing if the connection is closing."""
        if not self.half_open and not self._writer.is_closing():
            self._writer.write(data)

    async def drain(self) -> None:
        """Wait until the send buffer has room."""
        if self.half_open:
            return
        try:
            await self._writer.drain()
        except OSError:
            # read_line() sees the end of the connection too, and the session ends.
            return

    async def flush(self) -> None:
        """
        Wait until the client's kernel has acknowledged everything that was written.

        Raises TimeoutError after 5 s, and ConnectionError if the connection ends.
        """
        async with asyncio.timeout(_FLUSH_TIMEOUT_S):
            # The kernel has no event for this: it has to be polled.
            while self._holds_unsent():  # noqa: ASYNC110
                await asyncio.sleep(0.001)

    async def close(self) -> None:
        """Close the connection cleanly, or abort it if the client does not close its side."""
        self._closed.set()
        self._writer.close()
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await self._writer.wait_closed()
        except OSError:  # including TimeoutError, ssl.SSLError and ConnectionError
            self.abort()

    def abort(self) -> None:
        """Close the connection at once, and discard unsent data."""
        self._closed.set()
        self._writer.transport.abort()

    def stop_reading_and_writing(self) -> None:
        """Stop reading and writing, and keep the connection open."""
        self.half_open = True
        self._writer.transport.pause_reading()  # type: ignore[attr-defined]  # a ReadTransport

    def reset(self) -> None:
        """Close the connection with a TCP RST."""
        # A linger time of 0 makes close() send a RST: socket(7), SO_LINGER.
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.abort()

    @property
    def _socket(self) -> socket.socket:
        found: socket.socket = self._writer.get_extra_info("socket")
        return found

    def _holds_unsent(self) -> bool:
        if self._writer.is_closing():
            raise ConnectionError(f"{self.peer} has disconnected")
        if self._writer.transport.get_write_buffer_size():
            return True
        # tcp(7), SIOCOUTQ: bytes in the send queue, unsent or not acknowledged.
        queued = fcntl.ioctl(self._socket.fileno(), termios.TIOCOUTQ, bytes(4))
        return any(queued)
