"""Server faults on purpose, for tests of how clients handle them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from simulator.connection import Connection

#: Malformed and unknown lines. None of them is a chat message, however it is parsed.
GARBAGE = b"".join(
    (
        b"\r\n",
        b"\n",
        b"   \r\n",
        b":\r\n",
        b"@\r\n",
        b"@=;;= \r\n",
        b"@a=b\r\n",
        b"@a=b :tmi.twitch.tv\r\n",
        b":tmi.twitch.tv PRIVMSG\r\n",
        b":x!x@x.tmi.twitch.tv PRIVMSG :\r\n",
        b"\x00\x01\x02\xff\xfe\xfd\r\n",
        b"\xed\xa0\x80\xf0\x9f\r\n",
        b":tmi.twitch.tv 999 * :no such numeric\r\n",
        b":tmi.twitch.tv NOSUCHCOMMAND #x :y\r\n",
        b"@" + b"k=v;" * 4_000 + b" :tmi.twitch.tv NOSUCHCOMMAND\r\n",
        bytes(range(256)) + b"\r\n",
    )
)


class Misbehaviour:
    """
    Breaks one client's *connection* in various ways.

    *forget_channels* removes the client from its channels without sending it anything.
    """

    def __init__(self, connection: Connection, forget_channels: Callable[[], None]) -> None:
        self._connection = connection
        self._forget_channels = forget_channels

    async def half_open(self) -> None:
        """
        Stop reading and writing, and keep the connection open.

        The client sees what it would see if the server had lost power or a router had dropped the
        connection. The client is removed from its channels.
        """
        self._connection.stop_reading_and_writing()
        self._forget_channels()

    async def reset(self) -> None:
        """Reset the connection (TCP RST) once the client's kernel has received all data."""
        await self._connection.flush()
        self._connection.reset()

    async def reset_in_mid_line(self, line: bytes) -> None:
        """Send the first half of *line*, then reset the connection (TCP RST)."""
        self._connection.write(line[: len(line) // 2])
        await self.reset()

    async def dribble(self, data: bytes, *, chunk_bytes: int = 1, pause_s: float = 0.0) -> None:
        """Send *data* in TCP segments of *chunk_bytes*, with a pause of *pause_s* after each."""
        for start in range(0, len(data), chunk_bytes):
            self._connection.write(data[start : start + chunk_bytes])
            await self._connection.flush()
            await asyncio.sleep(pause_s)

    async def send_raw(self, data: bytes) -> None:
        """Send *data* unchanged, regardless of the client's capabilities."""
        self._connection.write(data)
        await self._connection.drain()

    async def send_garbage(self) -> None:
        """Send GARBAGE."""
        await self.send_raw(GARBAGE)
