"""A client that only sends and receives lines, to show exactly what a server sends."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from typing import Self

#: The end of the connection, in a transcript.
CLOSED = "(closed)"

_END = "end-of-responses"
_TIMEOUT_S = 30.0


class RawClient:
    """A connection to a chat server. Each read has a time limit."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def connect(cls, port: int, tls: ssl.SSLContext | None = None) -> Self:
        """Connect to the server on this machine."""
        host = "localhost" if tls else "127.0.0.1"
        async with asyncio.timeout(_TIMEOUT_S):
            return cls(*await asyncio.open_connection(host, port, ssl=tls))

    def send(self, *lines: str) -> None:
        """Send *lines*."""
        self.writer.write("".join(f"{line}\r\n" for line in lines).encode())

    async def read_line(self) -> str:
        """Return the next line without its CRLF, or CLOSED at the end of the connection."""
        async with asyncio.timeout(_TIMEOUT_S):
            line = await self.reader.readline()
        if not line:
            return CLOSED
        assert line.endswith(b"\r\n")
        return line[:-2].decode()

    async def read_responses(self) -> list[str]:
        """Return all lines that the server sends in response to what was sent so far."""
        self.send(f"PING :{_END}")
        lines: list[str] = []
        while lines[-1:] != [CLOSED]:
            line = await self.read_line()
            if line == f":tmi.twitch.tv PONG tmi.twitch.tv :{_END}":
                break
            lines.append(line)
        return lines

    async def log_in(self, login: str = "justinfan123", *capabilities: str) -> None:
        """Log in as *login*, and request *capabilities*."""
        self.send(*(f"CAP REQ :{capability}" for capability in capabilities))
        self.send("PASS oauth:token", f"NICK {login}")
        responses = await self.read_responses()
        assert any(line.startswith(f":tmi.twitch.tv 001 {login} ") for line in responses)

    async def join(self, channel: str) -> list[str]:
        """Join *channel*, and return the server's responses."""
        self.send(f"JOIN #{channel}")
        return await self.read_responses()

    async def close(self) -> None:
        """End the connection."""
        self.writer.transport.abort()
        with contextlib.suppress(OSError):
            await self.writer.wait_closed()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.close()
