"""
One connection to Twitch chat, in one channel: entered once, read until it ends.

1. Chunks, not lines, are read from the socket, and chat takes a direct way, without a task a line.
2. A connection that ends, or should be replaced, is told to the owner, who makes a new client.
3. A silent connection is asked for a sign of life, and given up when there is none.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from typing import Any

from common.chat_gap import GapReason
from readers.twitch.chat_parser import ReceivedMessage, received_message
from readers.twitch.credentials import Credentials
from readers.twitch.errors import ConnectionFailedError, JoinRefusedError, LoginRefusedError
from readers.twitch.fast_path import fast_path
from readers.twitch.irc import parse_irc
from readers.twitch.line_splitter import LineSplitter
from readers.twitch.pydle_client import PydleClient
from readers.twitch.timing import Timing
from readers.twitch.watchdog import Watchdog

#: Bytes read at a time. asyncio buffers 128 KiB, which this empties.
CHUNK_BYTES = 256 * 1024

#: Seconds for a polite end. Twitch closes at once; a peer that has gone never answers.
GOODBYE_WITHIN_S = 0.5

#: Notices that say why a channel cannot be read. https://dev.twitch.tv/docs/chat/irc/#notice
_JOIN_REFUSALS = {"msg_banned", "msg_channel_suspended", "msg_channel_blocked", "tos_ban"}

_CHAT = {"PRIVMSG", "USERNOTICE"}

OnChat = Callable[[list[ReceivedMessage]], None]

logger = logging.getLogger(__name__)


class TwitchClient(PydleClient):
    """Enters one channel and gives its chat to *on_chat* until the connection ends."""

    def __init__(
        self,
        channel: str,
        credentials: Credentials,
        on_chat: OnChat,
        timing: Timing,
        *,
        on_received: Callable[[TwitchClient], None],
        on_lost: Callable[[TwitchClient], None],
    ) -> None:
        """
        *on_chat* is called in order, with the chat of one read from the socket at a time, then
        *on_received*; and *on_lost* when this client was in the channel, and is not any more.
        """
        super().__init__(credentials.nick)
        self.channel = channel
        #: Twitch's id of the channel, once it is entered.
        self.room_id = ""
        #: Set when the connection has ended, or should be replaced.
        self.finished = asyncio.Event()
        #: Why, in words; empty while it has not.
        self.reason = ""
        #: When something was heard last, Unix time in milliseconds.
        self.received_ms = 0
        #: Why we are not in the channel any more; None while we are, and before we were.
        self.lost: GapReason | None = None
        #: What made reading fail, if that was neither Twitch nor the network.
        self.failure: Exception | None = None
        self._token = credentials.token
        self._on_chat = on_chat
        self._on_received = on_received
        self._on_lost = on_lost
        self._timing = timing
        self._lines = LineSplitter()
        self._logged_in = asyncio.Event()
        self._entered = asyncio.Event()
        self._refusal: LoginRefusedError | JoinRefusedError | None = None
        self._watchdog = Watchdog(timing, ask=self._ping, on_dead=self._on_no_pong)
        self._leaving = False

    async def log_in(self, host: str, port: int, *, tls: bool) -> None:
        """
        Connect and register.

        Raises ConnectionFailedError when that fails or takes too long, and LoginRefusedError when
        Twitch does not accept the credentials.
        """
        within_s = self._timing.login_within_s
        password = f"oauth:{self._token}" if self._token else None
        try:
            async with asyncio.timeout(within_s):
                await self.connect(host, port, password=password, tls=tls)
                await self._wait_for(self._logged_in)
        except TimeoutError:
            raise ConnectionFailedError(f"no login within {within_s:g} s") from None
        except (OSError, UnicodeError) as error:  # a name that is no host's is a UnicodeError
            raise ConnectionFailedError(str(error)) from None
        self._watchdog.start()

    async def enter(self) -> None:
        """
        Join the channel.

        Raises JoinRefusedError when Twitch says no, or nothing for too long, and
        ConnectionFailedError when the connection ends meanwhile.
        """
        within_s = self._timing.join_within_s
        try:
            async with asyncio.timeout(within_s):
                await self.rawmsg("JOIN", f"#{self.channel}")
                await self._wait_for(self._entered)
        except TimeoutError:
            raise JoinRefusedError(
                f"Twitch has not confirmed within {within_s:g} s that we joined:"
                " there may be no channel of that name"
            ) from None
        except OSError as error:
            raise ConnectionFailedError(str(error)) from None

    async def leave(self) -> None:
        """Close the connection, saying goodbye if it is still there; that is no loss."""
        self._leaving = True
        self._watchdog.stop()
        if not self.connected:
            return
        writer = self.connection.writer
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(GOODBYE_WITHIN_S):
                await self.rawmsg("QUIT", "goodbye")
                writer.close()
                await writer.wait_closed()
        # Where the peer has gone there is nothing to wait for.
        writer.transport.abort()
        await self.connection.disconnect()
        self._finish("we left")

    async def handle_forever(self) -> None:
        """Read until the connection ends. pydle runs this as a task once it is connected."""
        reason = "Twitch closed the connection"
        try:
            await self._receive()
        except OSError as error:
            reason = f"the connection broke: {error}"
        except Exception as error:  # noqa: BLE001 - pydle's task would take it to its grave
            reason = f"reading failed: {error!r}"
            self.failure = error
        finally:
            self._watchdog.stop()
            self._lose(reason, GapReason.DISCONNECTED)

    async def _receive(self) -> None:
        reader = self.connection.reader
        while data := await reader.read(CHUNK_BYTES):
            self._watchdog.on_received()
            self.received_ms = time.time_ns() // 1_000_000
            chat: list[ReceivedMessage] = []
            for line in self._lines.feed(data):
                if heard := fast_path(line):
                    chat.append(heard)
                    continue
                message = parse_irc(line)
                if message is None:
                    continue
                if message.command in _CHAT:
                    heard = received_message(message, room_id=self.room_id, now_ms=self.received_ms)
                    if heard:
                        chat.append(heard)
                    continue
                # An answer to a command tells the peer that we have taken all that came before it.
                if chat:
                    self._on_chat(chat)
                    chat = []
                await self.dispatch(message)
            if chat:
                self._on_chat(chat)
            self._on_received(self)

    def _ping(self) -> None:
        self.connection.writer.write(b"PING alive\r\n")

    def _on_no_pong(self) -> None:
        reason = f"no answer to PING within {self._timing.pong_within_s:g} s"
        self._lose(reason, GapReason.DISCONNECTED)

    async def _wait_for(self, event: asyncio.Event) -> None:
        """Wait for *event*, or raise what came instead."""
        finished = asyncio.create_task(self.finished.wait())
        happened = asyncio.create_task(event.wait())
        try:
            await asyncio.wait((finished, happened), return_when=asyncio.FIRST_COMPLETED)
        finally:
            finished.cancel()
            happened.cancel()
        if self._refusal:
            raise self._refusal
        if not event.is_set():
            raise ConnectionFailedError(self.reason)

    def _finish(self, reason: str) -> None:
        if not self.finished.is_set():
            self.reason = reason
            self.finished.set()

    def _lose(self, reason: str, lost: GapReason) -> None:
        self._finish(reason)
        if self._entered.is_set() and not self.lost and not self._leaving:
            self.lost = lost
            self._on_lost(self)

    def _refuse(self, refusal: LoginRefusedError | JoinRefusedError) -> None:
        self._refusal = refusal
        self._lose(str(refusal), GapReason.DROPPED)

    async def on_connect(self) -> None:
        """Take note that we are logged in."""
        self._logged_in.set()

    async def on_raw_roomstate(self, message: Any) -> None:
        """Take ROOMSTATE as the confirmation that we joined."""
        self.room_id = message.tags.get("room-id", "") or self.room_id
        self._entered.set()

    async def on_raw_part(self, message: Any) -> None:
        """Twitch parts whom it has banned: find out why when joining anew."""
        if message.source.partition("!")[0] == self.nickname:
            self._lose("Twitch took us out of the channel", GapReason.DROPPED)

    async def on_raw_reconnect(self, _: Any) -> None:
        """Twitch is about to close this connection (RECONNECT)."""
        self._finish("Twitch asked for a new connection")

    async def on_raw_notice(self, message: Any) -> None:
        """Find out whether a notice says that we cannot be here."""
        text = message.params[-1] if message.params else ""
        if message.tags.get("msg-id") in _JOIN_REFUSALS:
            self._refuse(JoinRefusedError(text))
        elif not self._logged_in.is_set():
            self._refuse(LoginRefusedError(text))
        else:
            logger.info("notice from Twitch: %s", text)
