"""
A connection to the chat host: passes on what it receives in the same turn of the event loop.

asyncio's streams need a second turn for each read, and 256 KiB of memory. A thousand readers share
a host, and most messages of a channel come alone.

1. While little comes, each read happens as soon as the socket is readable.
2. If two reads follow each other within QUICK_S, the socket is read by a timer until a read
   finds nothing. So a busy reader wakes up once in READ_EVERY_S, and not for each message.
3. If much comes at once, it is read without a pause, at most CHUNK_BYTES in a turn.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable

from readers.twitch.tls import PIECE_BYTES, TlsLayer

#: Seconds between two reads of a busy connection. At 1,000 messages/s, a reader needs 40 % less
#: processor time with 2 ms, 47 % with 3 ms, but the messages are later by half of that time.
READ_EVERY_S = 0.002

#: Two reads within so many seconds make a connection busy.
QUICK_S = READ_EVERY_S

#: Bytes that are read in one turn, at most.
CHUNK_BYTES = 128 * 1024

#: A read of so many bytes is followed by the next one without a pause.
_MUCH_BYTES = 32 * 1024

#: Bytes that wait until the peer has room for them, at most. It gets a few lines an hour from us.
MAX_UNSENT_BYTES = 64 * 1024

OnData = Callable[[bytes], object]

#: Gets None when the peer has ended the connection, otherwise what ended it: an OSError of the
#: socket, or what OnData has raised.
OnEnd = Callable[[Exception | None], object]


class ChatConnection:
    """A connected socket, with or without TLS, inside an asyncio loop."""

    def __init__(self, connected: socket.socket, hostname: str, tls: TlsLayer | None) -> None:
        """*connected* is non-blocking; *tls* has shaken hands over it."""
        #: pydle names its logger after this, and sets `throttle`.
        self.hostname = hostname
        self.throttle = False
        self._loop = asyncio.get_running_loop()
        self._socket = connected
        self._tls = tls
        self._on_data: OnData = _ignore
        self._on_end: OnEnd = _ignore
        #: Until then (time of the loop), a further read is one in quick succession.
        self._busy_until = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._unsent = b""
        self._waits_for_room = False
        #: Why this side has shut the connection down; None if it has not.
        self._failure: OSError | None = None
        self._is_finishing = False
        self._is_open = True
        self._closed = asyncio.Event()
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    @property
    def connected(self) -> bool:
        """Whether the socket is open. It is closed when the peer ends the connection."""
        return self._is_open

    def start(self, on_data: OnData, on_end: OnEnd) -> None:
        """Begin to read. *on_end* is called once, unless `close` is called before."""
        if self.connected:
            self._on_data, self._on_end = on_data, on_end
            self._loop.add_reader(self._socket, self._on_readable)
            # What came with the end of the TLS handshake does not make the socket readable.
            self._read(b"" if self._tls else None)

    def send(self, data: bytes) -> None:
        """
        Send *data*, without waiting until the peer has room for it.

        If the connection has ended, nothing happens here: whoever gets what it has brought before
        is then told so. A peer that takes nothing ends the connection.
        """
        if self.connected and not self._is_finishing:
            self._send(self._tls.encrypt(data) if self._tls else data)

    async def finish(self) -> None:
        """
        Tell the peer that nothing more is sent, and wait until it has ended the connection.

        What it sends until then is passed on.
        """
        if self.connected and not self._is_finishing:
            self._is_finishing = True
            self._send(self._tls.goodbye() if self._tls else b"")
        await self._closed.wait()

    def close(self) -> None:
        """Close the socket at once."""
        if self.connected:
            self._is_open = False
            self._closed.set()
            self._loop.remove_reader(self._socket)
            self._loop.remove_writer(self._socket)
            if self._timer:
                self._timer.cancel()
            self._socket.close()
            self._on_data = self._on_end = _ignore

    def _on_readable(self) -> None:
        now = self._loop.time()
        is_busy = now < self._busy_until
        self._busy_until = now + QUICK_S
        if 0 < self._read() < _MUCH_BYTES and is_busy:
            self._loop.remove_reader(self._socket)
            self._read_later()

    def _read_later(self) -> None:
        self._timer = self._loop.call_later(READ_EVERY_S, self._on_time)

    def _on_time(self) -> None:
        if 0 < self._read() < _MUCH_BYTES:
            self._read_later()
        elif self.connected:
            self._loop.add_reader(self._socket, self._on_readable)

    def _read(self, received: bytes | None = None) -> int:
        """
        Read what has come, unless it is *received*, and pass it on.

        Returns how many bytes the socket had, 0 if it is closed by now.
        """
        pieces: list[bytes] = []
        count, is_open = 0, True
        problem: OSError | None = None
        try:
            if received is not None:
                is_open = self._take(received, pieces)
            while is_open and count < CHUNK_BYTES:
                piece = self._socket.recv(PIECE_BYTES)
                count += len(piece)
                is_open = bool(piece) and self._take(piece, pieces)
                if len(piece) < PIECE_BYTES:
                    break
        except BlockingIOError:
            pass
        except OSError as error:
            is_open, problem = False, error
        if pieces:
            self._pass_on(b"".join(pieces))
        if not is_open:
            self._end(self._failure or problem)
        return count if self._is_open else 0

    def _take(self, received: bytes, pieces: list[bytes]) -> bool:
        """Add the chat in *received* to *pieces*; return False if the peer ends the connection."""
        if self._tls is None:
            pieces.append(received)
            return True
        is_open = self._tls.decrypt(received, pieces)
        if self._tls.outgoing.pending:
            self._send(self._tls.own_data())
        return is_open

    def _pass_on(self, data: bytes) -> None:
        try:
            self._on_data(data)
        except Exception as error:  # noqa: BLE001 - the loop would only log it
            on_end = self._on_end
            # The socket stays open for a last word.
            self._on_data = self._on_end = _ignore
            on_end(error)

    def _end(self, problem: OSError | None) -> None:
        on_end = self._on_end
        if self._tls and not problem:
            self._send(self._tls.goodbye())
        self.close()
        on_end(problem)

    def _send(self, data: bytes) -> None:
        if self._failure:
            return
        self._unsent += data
        if not self._waits_for_room:
            self._send_rest()
        elif len(self._unsent) > MAX_UNSENT_BYTES:
            self._failure = ConnectionAbortedError("the peer does not take what is sent")
            # Reading comes to an end, after what was received before.
            self._shut_down(socket.SHUT_RDWR)

    def _send_rest(self) -> None:
        try:
            self._unsent = self._unsent[self._socket.send(self._unsent) :]
        except BlockingIOError:
            pass
        except OSError:
            # Reading tells what is wrong, after what was received before.
            self._unsent = b""
        if bool(self._unsent) != self._waits_for_room:
            self._waits_for_room = not self._waits_for_room
            if self._waits_for_room:
                self._loop.add_writer(self._socket, self._send_rest)
            else:
                self._loop.remove_writer(self._socket)
        if self._is_finishing and not self._unsent:
            self._shut_down(socket.SHUT_WR)

    def _shut_down(self, how: int) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(how)


def _ignore(_: object) -> None:
    """Do nothing."""
