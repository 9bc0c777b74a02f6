"""
A local Twitch chat server for the tests and the demo.

It implements what a client that only reads needs of Twitch's protocol, over TLS or plain TCP. The
owner of the ChatServer decides what is said, and when.
"""

from __future__ import annotations

import asyncio
import ssl
import sys
import uuid
from collections.abc import Callable, Mapping

from common.unix_time import unix_ms
from simulator import chat_lines
from simulator.chat_session import ChatSession
from simulator.chat_state import ChatState, JoinRefusal
from simulator.connection import CLOSE_TIMEOUT_S, Connection
from simulator.logins import AUTHENTICATION_FAILED, made_up_id
from simulator.moderator import Moderator
from simulator.rate_limit import RateLimit

__all__ = ["ChatServer", "JoinRefusal", "RateLimit"]

_BACKLOG = 1024


class ChatServer:
    """
    A chat server and all its connections.

    *tokens*, *room_ids*, *refused_joins* and the limits are described at ChatState. Tests may
    change them in `state`. `moderator` bans, deletes and changes settings. With *port* 0 the system
    chooses a port; `port` holds it after `start`.
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
        #: All sessions, including those that have ended, the oldest first.
        self.history: list[ChatSession] = []
        self.moderator = Moderator(self.state, self.send_lines)
        self._tls = tls
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Start listening. Raises OSError if the port is in use."""
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
        """Stop listening, and close all connections."""
        if self._server is None:
            return
        await self._stop_accepting(self._server)
        for session in self.sessions:
            session.connection.abort()
        await self._abort_unserved(self._server)
        await self.wait_until(lambda: not self.sessions, what="the connections to end")
        await self._server.wait_closed()
        self._server = None

    async def _stop_accepting(self, server: asyncio.Server) -> None:
        """Stop listening, once each connection that was just accepted has its transport."""
        # After close(), Python 3.11 would fail to make one, and leave the connection open.
        for listening in server.sockets:
            asyncio.get_running_loop().remove_reader(listening)
        await asyncio.sleep(0)
        server.close()

    async def _abort_unserved(self, server: asyncio.Server) -> None:
        """Close connections without a session: just accepted, or in their TLS handshake."""
        if sys.version_info >= (3, 13):
            server.abort_clients()
        else:
            # The event loop has the only list of them.
            transports = asyncio.get_running_loop()._transports  # type: ignore[attr-defined]
            for transport in list(transports.values()):
                if (transport.get_extra_info("sockname") or ())[:2] == (self.host, self.port):
                    transport.abort()
        # Each socket is closed, and a session that begins all the same ends.
        for _ in range(3):
            await asyncio.sleep(0)

    async def __aenter__(self) -> ChatServer:
        await self.start()
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.close()

    @property
    def sessions(self) -> list[ChatSession]:
        """The sessions that are connected, the oldest first."""
        return list(self.state.sessions)

    def members(self, channel: str) -> list[ChatSession]:
        """Return the sessions in *channel*, in the order in which they joined."""
        return list(self.state.members[channel])

    async def wait_for_join(
        self, channel: str, *, members: int = 1, timeout_s: float = 30.0
    ) -> list[ChatSession]:
        """
        Return the sessions in *channel* once there are at least *members* of them.

        Raises TimeoutError if there are fewer after *timeout_s* seconds.
        """
        await self.wait_until(
            lambda: len(self.state.members[channel]) >= members,
            timeout_s=timeout_s,
            what=f"{members} to join #{channel}",
        )
        return self.members(channel)

    async def wait_until(
        self, condition: Callable[[], bool], *, what: str, timeout_s: float = 30.0
    ) -> None:
        """
        Return once *condition* is true. It is checked after each line or disconnect of a client.

        Raises TimeoutError, with *what* in its text, after *timeout_s* seconds.
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
        Send *text* to *channel* as a message of *login*; return the number of receivers.

        Ids that are not given are made up. *sent_ms* defaults to the present time. The other
        parameters are those of chat_lines.private_message.
        """
        line = chat_lines.private_message(
            channel,
            text,
            login=login,
            user_id=user_id or made_up_id(login),
            room_id=self.state.room_id(channel),
            message_id=message_id or str(uuid.uuid4()),
            sent_ms=unix_ms() if sent_ms is None else sent_ms,
            emotes=emotes,
            action=action,
            tags=tags,
        )
        return await self.send_lines(channel, line)

    async def notice_event(
        self,
        channel: str,
        kind: str,
        *,
        login: str = "viewer",
        user_id: str | None = None,
        text: str | None = None,
        params: Mapping[str, str] | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> int:
        """
        Send *channel* a USERNOTICE about *login* of now; return the number of receivers.

        *kind* is its `msg-id`, for example `resub`. The others are those of chat_lines.user_notice.
        """
        all_tags = {
            "display-name": login,
            "id": str(uuid.uuid4()),
            "login": login,
            "room-id": self.state.room_id(channel),
            "tmi-sent-ts": str(unix_ms()),
            "user-id": user_id or made_up_id(login),
            **(tags or {}),
        }
        line = chat_lines.user_notice(channel, kind, text=text, params=params or {}, tags=all_tags)
        return await self.send_lines(channel, line)

    async def raid(self, channel: str, *, login: str = "raider", viewers: int = 10) -> int:
        """Let *login* raid *channel* with a number of *viewers*; return the number of receivers."""
        params = {"displayName": login, "login": login, "viewerCount": str(viewers)}
        tags = {"system-msg": f"{viewers} raiders from {login} have joined!"}
        return await self.notice_event(channel, "raid", login=login, params=params, tags=tags)

    async def send_line(self, channel: str, line: bytes) -> int:
        """Send *line*, given without CRLF, to *channel*; return the number of receivers."""
        return await self.send_lines(channel, line + b"\r\n")

    async def send_lines(self, channel: str, lines: bytes) -> int:
        """
        Send *lines*, given with CRLFs, to *channel*; return the number of receivers.

        Waits until each member's send buffer has room. A member that has not requested tags or
        Twitch's commands does not get them.
        """
        members = self.members(channel)
        for member in members:
            member.send(lines)
        for member in members:
            await member.connection.drain()
        return len(members)

    async def broadcast(self, data: bytes) -> None:
        """Send *data* unchanged to every client."""
        for session in self.sessions:
            await session.misbehave.send_raw(data)

    async def ping_and_wait(self, channel: str, *, timeout_s: float = 30.0) -> None:
        """
        Return once every member of *channel* has read all messages sent there so far.

        Raises ConnectionError if a member disconnects first, and TimeoutError if a member has not
        answered within *timeout_s* seconds.
        """
        for member in self.members(channel):
            await member.ping_and_wait(timeout_s=timeout_s)

    async def refuse_logins(self, text: str = AUTHENTICATION_FAILED) -> None:
        """Refuse every login from now on, with *text* as the NOTICE."""
        self.state.login_refusal = text

    async def accept_logins(self) -> None:
        """Check the tokens of logins again from now on."""
        self.state.login_refusal = None

    async def stop_answering_pings(self) -> None:
        """Ignore the clients' PINGs from now on."""
        self.state.answers_pings = False

    async def answer_pings(self) -> None:
        """Answer the clients' PINGs again from now on."""
        self.state.answers_pings = True

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session = ChatSession(Connection(reader, writer), self.state)
        self.history.append(session)
        await session.run()
