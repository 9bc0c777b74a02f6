"""
A local Twitch chat server, which tests and the demo drive.

It speaks what a reading client gets to hear from Twitch, over TLS or plain TCP; what it says, and
when, is up to whoever holds the ChatServer.
"""

from __future__ import annotations

import asyncio
import ssl
import time
import uuid
from collections.abc import Callable, Mapping

from simulator import chat_lines
from simulator.chat_session import ChatSession
from simulator.chat_state import ChatState, JoinRefusal
from simulator.connection import CLOSE_TIMEOUT_S, Connection
from simulator.logins import AUTHENTICATION_FAILED, made_up_id
from simulator.rate_limit import RateLimit

__all__ = ["ChatServer", "JoinRefusal", "RateLimit"]

_BACKLOG = 1024


class ChatServer:
    """
    A chat server and all its connections.

    *tokens*, *room_ids*, *refused_joins* and the limits are described at ChatState; `state` holds
    them for tests to change. *port* 0 lets the system choose; `port` tells which it was.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        tls: ssl.SSLContext | None = None,
        tokens: Mapping[str, str] | None = None,
        room_ids: Mapping[str, str] | None = None,
        refused_joins: Mapping[str, JoinRefusal] | None = None,
        join_limit: RateLimit | None = None,
        login_limit: RateLimit | None = None,
    ) -> None:
        self.host = host
        self.port = port
        self.state = ChatState[ChatSession](
            tokens=dict(tokens or {}),
            room_ids=dict(room_ids or {}),
            refused_joins=dict(refused_joins or {}),
            join_limit=join_limit,
            login_limit=login_limit,
        )
        #: Every session there has been, the oldest first.
        self.history: list[ChatSession] = []
        self._tls = tls
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Begin to listen. Raises OSError when the port is taken."""
        self._server = await asyncio.start_server(
            self._serve,
            self.host,
            self.port,
            ssl=self._tls,
            ssl_shutdown_timeout=CLOSE_TIMEOUT_S if self._tls else None,
            backlog=_BACKLOG,
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Stop listening, and end every connection."""
        if self._server is None:
            return
        self._server.close()
        for session in self.sessions:
            session.connection.abort()
        await self.wait_until(lambda: not self.sessions, what="the connections to end")
        await self._server.wait_closed()
        self._server = None

    async def __aenter__(self) -> ChatServer:
        await self.start()
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.close()

    @property
    def sessions(self) -> list[ChatSession]:
        """Every connection that stands, the oldest first."""
        return list(self.state.sessions)

    def members(self, channel: str) -> list[ChatSession]:
        """Return who has joined *channel*, the first to have joined first."""
        return list(self.state.members[channel])

    async def wait_for_join(
        self, channel: str, *, members: int = 1, timeout_s: float = 10.0
    ) -> list[ChatSession]:
        """
        Return those who have joined *channel* once there are at least so many *members*.

        Raises TimeoutError when there are fewer after *timeout_s* seconds.
        """
        await self.wait_until(
            lambda: len(self.state.members[channel]) >= members,
            timeout_s=timeout_s,
            what=f"{members} to join #{channel}",
        )
        return self.members(channel)

    async def wait_until(
        self, condition: Callable[[], bool], *, what: str, timeout_s: float = 10.0
    ) -> None:
        """
        Return once *condition* holds; it is looked at whenever a client comes, goes or speaks.

        Raises TimeoutError, which names *what* was waited for, after *timeout_s* seconds.
        """
        await self.state.changes.wait_until(condition, timeout_s=timeout_s, what=what)

    async def say(
        self,
        channel: str,
        text: str,
        *,
        login: str = "viewer",
        user_id: str | None = None,
        message_id: str | None = None,
        sent_ms: int | None = None,
        emotes: str = "",
        action: bool = False,
        tags: Mapping[str, str] | None = None,
    ) -> int:
        """
        Have a chatter say *text* in *channel*; return how many members it was sent to.

        An id that is not given is made up, and *sent_ms* is now; the rest is as in
        chat_lines.private_message.
        """
        line = chat_lines.private_message(
            channel,
            text,
            login=login,
            user_id=user_id or made_up_id(login),
            room_id=self.state.room_id(channel),
            message_id=message_id or str(uuid.uuid4()),
            sent_ms=time.time_ns() // 1_000_000 if sent_ms is None else sent_ms,
            emotes=emotes,
            action=action,
            tags=tags,
        )
        return await self.send_lines(channel, line)

    async def send_line(self, channel: str, line: bytes) -> int:
        """Send one *line*, without its CRLF, to the members of *channel*; return how many."""
        return await self.send_lines(channel, line + b"\r\n")

    async def send_lines(self, channel: str, lines: bytes) -> int:
        """
        Send *lines*, with their CRLFs, to the members of *channel*; return how many.

        Returns when each member has taken in most of what it was sent so far. A member that has
        not asked for tags or for Twitch's commands does not get them.
        """
        members = self.members(channel)
        for member in members:
            member.send(lines)
        for member in members:
            await member.connection.drain()
        return len(members)

    async def broadcast(self, data: bytes) -> None:
        """Send *data*, as it is, to every client."""
        for session in self.sessions:
            await session.misbehave.send_raw(data)

    async def ping_and_wait(self, channel: str, *, timeout_s: float = 10.0) -> None:
        """
        Return once every member of *channel* has read all that was said there before.

        Raises ConnectionError when one leaves meanwhile, TimeoutError after *timeout_s* seconds.
        """
        for member in self.members(channel):
            await member.ping_and_wait(timeout_s=timeout_s)

    async def refuse_logins(self, text: str = AUTHENTICATION_FAILED) -> None:
        """From now on refuse every login with the NOTICE *text*."""
        self.state.login_refusal = text

    async def accept_logins(self) -> None:
        """From now on judge logins by their token again."""
        self.state.login_refusal = None

    async def stop_answering_pings(self) -> None:
        """From now on leave the clients' PINGs without a PONG."""
        self.state.answers_pings = False

    async def answer_pings(self) -> None:
        """From now on answer the clients' PINGs again."""
        self.state.answers_pings = True

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session = ChatSession(Connection(reader, writer), self.state)
        self.history.append(session)
        await session.run()
