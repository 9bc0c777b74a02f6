"""
One client's session with the chat server: the response to each command.

It follows the Twitch documentation (https://dev.twitch.tv/docs/chat/irc/). Where that says nothing,
it follows https://github.com/pajbot/tmi-rate-limits. Messages from clients are recorded and not
passed on.
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable

from simulator import capabilities, chat_lines
from simulator.chat_state import ChatState, JoinRefusal
from simulator.connection import Connection
from simulator.logins import (
    LOGIN_PATTERN,
    NICK_ALREADY_SET,
    Account,
    LoginRefusedError,
    judge_login,
)
from simulator.misbehaviour import Misbehaviour

logger = logging.getLogger(__name__)

#: Replaces a password in `received`.
HIDDEN = "***"

_ping_tokens = itertools.count(1)


class ChatSession:
    """A connected client. `misbehave` breaks its connection or sends it invalid data."""

    def __init__(self, connection: Connection, state: ChatState[ChatSession]) -> None:
        self.connection = connection
        self.misbehave = Misbehaviour(connection, self._forget_channels)
        #: The lines that the client has sent, without passwords.
        self.received: list[str] = []
        #: The account that the client has logged in with, or None.
        self.account: Account | None = None
        self.capabilities: set[str] = set()
        self.channels: list[str] = []
        self.closed = False
        self._state = state
        self._password: str | None = None
        self._pongs: set[str] = set()
        self._ending = False

    @property
    def name(self) -> str:
        """The client's login if it has logged in, else its address."""
        return self.account.login if self.account else self.connection.peer

    async def run(self) -> None:
        """Serve the client until either side closes the connection."""
        logger.info("%s connected", self.connection.peer)
        self._state.sessions.append(self)
        try:
            while not self._ending and (line := await self.connection.read_line()) is not None:
                self._handle(line.decode(errors="replace"))
                self._state.changes.announce()
                await self.connection.drain()
        finally:
            self.closed = True
            self._forget_channels()
            await self.connection.close()
            logger.info("%s disconnected", self.name)
            self._state.sessions.remove(self)
            self._state.changes.announce()

    def send(self, lines: bytes) -> None:
        """Send *lines*, without what the client's capabilities leave out."""
        self.connection.write(capabilities.adapt(lines, self.capabilities))

    async def ping(self, token: str = chat_lines.SERVER_NAME) -> None:
        """Send the client a PING."""
        self.connection.write(chat_lines.build_line("PING", text=token, prefix=""))

    async def ping_and_wait(self, *, timeout_s: float = 30.0) -> None:
        """
        Return once the client has answered a PING. It has then read everything sent before.

        Raises ConnectionError if the connection ends first, and TimeoutError if there is no PONG
        within *timeout_s* seconds.
        """
        token = f"simulator-{next(_ping_tokens)}"
        await self.ping(token)
        await self._state.changes.wait_until(
            lambda: token in self._pongs or self.closed,
            timeout_s=timeout_s,
            what=f"{self.name} to answer PING :{token}",
        )
        if token not in self._pongs:
            raise ConnectionError(f"{self.name} disconnected before it answered PING :{token}")
        self._pongs.remove(token)

    async def notify(self, channel: str, text: str, *, message_id: str) -> None:
        """Send a NOTICE about *channel*."""
        self.send(chat_lines.notice(f"#{channel}", text, message_id=message_id))

    async def request_reconnect(self) -> None:
        """Send RECONNECT, as Twitch does before it closes connections for maintenance."""
        self.send(chat_lines.build_line("RECONNECT"))

    async def part(self, channel: str) -> None:
        """Remove the client from *channel*, as Twitch does when it bans the client there."""
        self._leave(channel)

    async def close(self) -> None:
        """Close the connection cleanly."""
        await self.connection.close()

    def _forget_channels(self) -> None:
        """Remove the client from its channels without sending it anything."""
        for channel in self.channels:
            self._state.members[channel].remove(self)
        self.channels.clear()
        self._state.changes.announce()

    def _handle(self, line: str) -> None:
        command, parameters = _split(line)
        if not command:
            return
        self.received.append(f"{command} {HIDDEN}" if command == "PASS" else line)
        handler = self._handlers().get(command)
        if handler:
            handler(parameters)
        else:
            self._reply(chat_lines.build_line("421", self.name, command, text="Unknown command"))

    def _handlers(self) -> dict[str, Callable[[list[str]], None]]:
        return {
            "CAP": self._on_cap,
            "JOIN": self._on_join,
            "MODE": _ignore,
            "NICK": self._on_nick,
            "PART": self._on_part,
            "PASS": self._on_pass,
            "PING": self._on_ping,
            "PONG": self._on_pong,
            "PRIVMSG": _ignore,
            "QUIT": self._on_quit,
            "USER": _ignore,
        }

    def _reply(self, lines: bytes) -> None:
        self.connection.write(lines)

    def _on_cap(self, parameters: list[str]) -> None:
        self._reply(capabilities.negotiate(parameters, self.capabilities))

    def _on_pass(self, parameters: list[str]) -> None:
        if not self.account and parameters:
            self._password = parameters[0]

    def _on_nick(self, parameters: list[str]) -> None:
        refusal = NICK_ALREADY_SET if self.account else self._state.login_refusal
        if refusal is not None:
            self._refuse(refusal)
            return
        try:
            nick = parameters[0] if parameters else ""
            account = judge_login(nick, self._password, self._state.tokens)
        except LoginRefusedError as error:
            self._refuse(str(error))
            return
        if self._state.login_limit and not self._state.login_limit.grants(self._limited(account)):
            logger.info("%s exceeds the login limit: closing its connection", account.login)
            self._ending = True
            return
        self._log_in(account)

    def _log_in(self, account: Account) -> None:
        self.account = account
        logger.info("%s logged in as %s", self.connection.peer, account.login)
        self._reply(chat_lines.welcome(account.login))
        if not account.anonymous:
            self.send(chat_lines.global_user_state(account.login, account.user_id))

    def _refuse(self, text: str) -> None:
        logger.info("refused the login of %s: %s", self.name, text)
        self._reply(chat_lines.notice("*", text))
        self._ending = True

    def _on_join(self, parameters: list[str]) -> None:
        if not self.account or not parameters:
            return
        for name in parameters[0].split(","):
            channel = name.removeprefix("#")
            limit = self._state.join_limit
            if limit and not limit.grants(self._limited(self.account)):
                logger.info("%s exceeds the join limit: ignoring JOIN #%s", self.name, channel)
            elif channel not in self.channels and LOGIN_PATTERN.fullmatch(channel):
                self._try_to_join(channel, self.account)

    def _try_to_join(self, channel: str, account: Account) -> None:
        refusal = self._state.refused_joins.get(channel)
        if account.login in self._state.banned[channel]:
            refusal = JoinRefusal.BANNED
        if refusal is None:
            self._join(channel, account)
        elif refusal is not JoinRefusal.NON_EXISTENT:
            message_id, text = refusal.value
            text = text.format(channel=channel)
            self.send(chat_lines.notice(f"#{channel}", text, message_id=message_id))

    def _join(self, channel: str, account: Account) -> None:
        self._send_to_others(channel, chat_lines.joined(account.login, channel))
        self._state.members[channel].append(self)
        self.channels.append(channel)
        present = [account.login]
        if capabilities.MEMBERSHIP in self.capabilities:
            present = [member.name for member in self._state.members[channel]]
        self.send(
            chat_lines.joined(account.login, channel)
            + (b"" if account.anonymous else chat_lines.user_state(account.login, channel))
            + chat_lines.room_state(
                channel, self._state.room_id(channel), self._state.room_settings[channel]
            )
            + chat_lines.names(account.login, channel, present)
        )
        logger.info("%s joined #%s", account.login, channel)

    def _on_part(self, parameters: list[str]) -> None:
        for name in parameters[0].split(",") if parameters else ():
            self._leave(name.removeprefix("#"))

    def _leave(self, channel: str) -> None:
        if channel in self.channels:
            self.channels.remove(channel)
            self._state.members[channel].remove(self)
            self._state.changes.announce()
            line = chat_lines.parted(self.name, channel)
            self.send(line)
            self._send_to_others(channel, line)
            logger.info("%s parted #%s", self.name, channel)

    def _send_to_others(self, channel: str, line: bytes) -> None:
        for member in self._state.members[channel]:
            if capabilities.MEMBERSHIP in member.capabilities:
                member.send(line)

    def _on_ping(self, parameters: list[str]) -> None:
        if not self._state.answers_pings:
            return
        if parameters:
            self._reply(chat_lines.build_line("PONG", chat_lines.SERVER_NAME, text=parameters[0]))
        else:
            self._reply(chat_lines.build_line("PONG", text=chat_lines.SERVER_NAME, prefix=""))

    def _on_pong(self, parameters: list[str]) -> None:
        self._pongs.update(parameters)

    def _on_quit(self, _parameters: list[str]) -> None:
        self._ending = True

    def _limited(self, account: Account) -> str:
        # All anonymous clients of a host share one limit. Tests can then check that readers of a
        # host share their limit.
        return self.connection.peer_host if account.anonymous else account.login


def _split(line: str) -> tuple[str, list[str]]:
    """Return the command of a client's line in upper case, and its parameters."""
    head, colon, text = line.partition(" :")
    words = head.split(" ")
    if words[0].startswith("@"):
        words.pop(0)
    parameters = [word for word in words[1:] if word]
    return (words[0].upper() if words else ""), parameters + ([text] if colon else [])


def _ignore(_parameters: list[str]) -> None:
    """Accept a command and do nothing, as Twitch does."""
