"""
One connection to Twitch chat: joins one channel, and reads until the connection ends.

1. It takes chunks, not lines, from the connection, and passes chat on before the next read.
2. It does not reconnect. It sets `finished` when the connection ends or should be replaced, and
   its owner makes a new client.
3. It sends PING on a silent connection, and treats it as lost if nothing is received in return.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Callable, Mapping
from typing import Any

from common.chat_gap import GapReason
from readers.parsing.irc import IrcMessage, parse_irc
from readers.parsing.line_parser import COMMANDS, LineParser
from readers.parsing.line_splitter import LineSplitter
from readers.parsing.received import Received
from readers.twitch.chat_host import ChatHost
from readers.twitch.credentials import Credentials
from readers.twitch.errors import ConnectionFailedError, JoinRefusedError, LoginRefusedError
from readers.twitch.pydle_client import PydleClient
from readers.twitch.timing import Timing
from readers.twitch.watchdog import Watchdog

#: Seconds for an orderly close. Twitch closes at once; a dead peer never does.
GOODBYE_WITHIN_S = 0.5

#: The msg-id of notices that refuse a channel, even one that we are in.
#: https://dev.twitch.tv/docs/chat/irc/#notice
_REFUSALS = {
    "msg_banned",
    "msg_channel_blocked",
    "msg_channel_suspended",
    "msg_concurrent_channel_limit_reached",
    "msg_room_not_found",
    "tos_ban",
}

#: The msg-id of notices about a channel's modes. They say nothing about our JOIN.
_MODE_NOTICE = re.compile(r"(emote_only|followers|slow|subs|r9k|host)_(on|off|on_zero)")

OnChat = Callable[[list[Received]], None]

#: Gets the tags of a ROOMSTATE as sent, the channel's Twitch id (empty while it is unknown), and
#: when it was received, Unix time in milliseconds.
OnRoomState = Callable[[Mapping[str, str], str, int], None]

logger = logging.getLogger(__name__)


class TwitchClient(PydleClient):
    """Joins one channel, and passes its chat to *on_chat* until the connection ends."""

    def __init__(
        self,
        channel: str,
        credentials: Credentials,
        parser: Callable[[], LineParser],
        on_chat: OnChat,
        timing: Timing,
        *,
        on_received: Callable[[TwitchClient], None],
        on_malformed: Callable[[], object],
        on_lost: Callable[[TwitchClient], None],
        on_room_state: OnRoomState,
    ) -> None:
        """
        *parser* is called at each read from the socket, and returns the parser for its lines.
        *on_chat* gets the chat of each read, in order. *on_received* is called after each read,
        *on_malformed* for each line that is not IRC. *on_lost* is called once, if the client loses
        the channel before `leave`. *on_room_state* is called for each ROOMSTATE of the channel,
        after the chat before it.
        """
        super().__init__(credentials.nick)
        self.channel = channel
        #: The channel's Twitch id; empty until the channel is joined.
        self.room_id = ""
        #: Set when the connection has ended or should be replaced.
        self.finished = asyncio.Event()
        #: Why `finished` is set, for the log; empty until then.
        self.reason = ""
        #: Up to when all that was sent is known to have arrived, Unix time in milliseconds.
        self.received_ms = 0
        #: When data was last read, in the same unit.
        self._read_ms = 0
        #: Until then (monotonic), what is read may be old.
        self._reads_old_until = 0.0
        #: Why the client has lost the channel; None before that.
        self.lost: GapReason | None = None
        #: The unexpected exception that ended reading; None after a network error.
        self.failure: Exception | None = None
        self._token = credentials.token
        self._parser = parser
        self._on_chat = on_chat
        self._on_received = on_received
        self._on_malformed = on_malformed
        self._on_lost = on_lost
        self._on_room_state = on_room_state
        self._timing = timing
        self._lines = LineSplitter()
        self._logged_in = asyncio.Event()
        self._entered = asyncio.Event()
        self._refusal: LoginRefusedError | JoinRefusedError | None = None
        self._watchdog = Watchdog(timing, ask=self._ping, on_dead=self._on_no_pong)
        self._leaving = False

    async def log_in(self, host: ChatHost) -> None:
        """
        Connect to *host* and register.

        Raises ConnectionFailedError when that fails or takes too long, and LoginRefusedError when
        Twitch rejects the credentials.
        """
        within_s = self._timing.login_within_s
        password = f"oauth:{self._token}" if self._token else None
        try:
            async with asyncio.timeout(within_s):
                await self.connect(host.name, host.port, password=password, host=host)
                await self._wait_for(self._logged_in)
        except TimeoutError:
            raise ConnectionFailedError(f"login not completed within {within_s:g} s") from None
        except (OSError, UnicodeError) as error:  # an invalid host name raises UnicodeError
            raise ConnectionFailedError(str(error)) from None
        self._watchdog.start()

    async def enter(self) -> None:
        """
        Join the channel.

        Raises JoinRefusedError when Twitch refuses or does not confirm in time, and
        ConnectionFailedError when the connection ends first.
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

    async def leave(self) -> None:
        """Send QUIT if still connected, and close the connection. *on_lost* is not called."""
        self._leaving = True
        self._watchdog.stop()
        if not self.connected:
            return
        try:
            async with asyncio.timeout(GOODBYE_WITHIN_S):
                await self.rawmsg("QUIT", "goodbye")
                await self.connection.finish()
        except TimeoutError:
            pass  # the peer may be dead
        finally:
            self.connection.close()
        self._finish("the reader left the channel")

    async def handle_forever(self) -> None:
        """Begin to read. pydle runs this as a task after it has connected."""
        self.connection.start(self._take, self._on_end)

    def _on_end(self, problem: Exception | None) -> None:
        reason = "Twitch closed the connection"
        if isinstance(problem, OSError):
            reason = f"the connection failed: {problem}"
        elif problem:
            reason = f"reading failed: {problem!r}"
            self.failure = problem
        self._watchdog.stop()
        self._lose(reason, GapReason.DISCONNECTED)

    def _take(self, data: bytes) -> None:
        """Handle the lines that *data* completes."""
        self._watchdog.on_received()
        self._note_read(time.time_ns() // 1_000_000)
        chat: list[Received] = []
        fast, parse = self._parser()
        for line in self._lines.feed(data):
            if received := fast(line):
                chat.append(received)
                continue
            message = parse_irc(line)
            if message is None:
                if line.strip():
                    self._on_malformed()
                continue
            if message.command in COMMANDS:
                chat += parse(message, self.room_id, self._read_ms)
                continue
            # Pass on earlier chat first: a PONG implies that all before it was processed.
            if chat:
                self._on_chat(chat)
                chat = []
            self.dispatch(message)
            if message.command == "ROOMSTATE":
                # Not in its handler, where pydle would take an error for one of the line.
                self._pass_on_room_state(message)
        if chat:
            self._on_chat(chat)
        self._on_received(self)

    def _pass_on_room_state(self, message: IrcMessage) -> None:
        if message.params[:1] == [f"#{self.channel}"]:
            self._on_room_state(message.tags, self.room_id, self._read_ms)

    def _note_read(self, now_ms: int) -> None:
        """
        Note that data was read at *now_ms*.

        After a longer silence than the watchdog allows, this process was suspended, and what it
        reads at first arrived at some time in between. Twitch may have closed the connection since.
        """
        now = time.monotonic()
        timing = self._timing
        silence_ms = now_ms - self._read_ms
        if self._read_ms and silence_ms > (timing.ping_after_s + timing.pong_within_s) * 1000:
            self._reads_old_until = now + timing.pong_within_s
        self._read_ms = now_ms
        if now >= self._reads_old_until:
            self.received_ms = now_ms

    def _ping(self) -> None:
        self.connection.send(b"PING alive\r\n")

    def _on_no_pong(self) -> None:
        reason = f"nothing received within {self._timing.pong_within_s:g} s of a PING"
        self._lose(reason, GapReason.DISCONNECTED)

    async def _wait_for(self, event: asyncio.Event) -> None:
        """Wait for *event*. Raises TwitchError if the connection ends or Twitch refuses first."""
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
            try:
                self._on_lost(self)
            except Exception as error:  # noqa: BLE001 - the loop would only log it
                self.failure = error

    def _refuse(self, refusal: LoginRefusedError | JoinRefusedError) -> None:
        self._refusal = refusal
        self._lose(str(refusal), GapReason.DROPPED)

    async def on_connect(self) -> None:
        """Handle the end of registration: the login has succeeded."""
        self._logged_in.set()

    async def on_raw_roomstate(self, message: Any) -> None:
        """Treat ROOMSTATE as the confirmation of the JOIN."""
        self.room_id = message.tags.get("room-id", "") or self.room_id
        self._entered.set()

    async def on_raw_part(self, message: Any) -> None:
        """Handle our own PART, sent when we are banned. The next JOIN shows the reason."""
        if message.source.partition("!")[0] == self.nickname:
            self._lose("Twitch removed us from the channel", GapReason.DROPPED)

    async def on_raw_reconnect(self, _: Any) -> None:
        """Handle RECONNECT: Twitch is about to close this connection."""
        self._finish("Twitch requested a new connection")

    async def on_raw_notice(self, message: Any) -> None:
        """Handle a notice that refuses the login or the channel; log that there was any other."""
        target, text = message.params[0], message.params[-1]
        reason = message.tags.get("msg-id", "")
        if not self._logged_in.is_set():
            self._refuse(LoginRefusedError(text))
        elif target in {"*", f"#{self.channel}"} and self._refuses(reason):
            self._refuse(JoinRefusedError(f"Twitch refuses the channel: {text} ({reason})"))
        else:
            # Its text may name a chatter: "Ann has been timed out for 1 second."
            logger.info("notice from Twitch: %s", reason or "one without a msg-id")

    def _refuses(self, reason: str) -> bool:
        """Return whether a notice with the msg-id *reason* refuses the channel."""
        if self._entered.is_set():
            return reason in _REFUSALS
        # Twitch documents few of its reasons: any other one counts, too.
        return bool(reason) and not _MODE_NOTICE.fullmatch(reason)
