"""
pydle's client, adapted to Twitch.

pydle registers, negotiates capabilities and handles the rare commands. This client overrides what
does not suit Twitch in pydle 1.2: it stores every chatter, and queries the server about each; it
requires parameters that Twitch omits; it logs what it sends, including the token; it reconnects
without the token; and it reads one line at a time.
"""

from __future__ import annotations

import logging
from collections.abc import Coroutine
from typing import Any

from pydle.features.ircv3.cap import CapabilityNegotiationSupport
from pydle.features.rfc1459.parsing import RFC1459Message
from pydle.features.tls import TLSSupport
from pydle.protocol import ProtocolViolation

from common.logs import BoundedLog
from readers.parsing.irc import IrcMessage
from readers.twitch.chat_host import ChatHost
from readers.twitch.connection import ChatConnection

#: Capabilities that enable tags, and commands other than PRIVMSG.
#: https://dev.twitch.tv/docs/chat/irc/#supported-capabilities
CAPABILITIES = ("twitch.tv/commands", "twitch.tv/tags")

#: Commands that a reader handles. All others are dropped.
_HANDLED = {"001", "376", "422", "CAP", "NOTICE", "PART", "PING", "RECONNECT", "ROOMSTATE"}

logger = logging.getLogger(__name__)


class PydleClient(CapabilityNegotiationSupport, TLSSupport):
    """Connects once, and dispatches commands to `on_raw_...`. A subclass reads the socket."""

    RECONNECT_ON_ERROR = False

    def __init__(self, nick: str) -> None:
        super().__init__(nick)
        self._log_invalid = BoundedLog(logger.warning)

    def dispatch(self, message: IrcMessage) -> None:
        """Have *message* handled, if there is a handler. It gets the tags as `tags`."""
        command = message.command.upper()
        if command not in _HANDLED:
            return
        handler = getattr(self, f"on_raw_{command.lower()}")
        try:
            _run(
                handler(
                    RFC1459Message(
                        command, message.params, source=message.source, tags=message.tags
                    )
                )
            )
        except (IndexError, ValueError, ProtocolViolation):
            self._log_invalid("ignored %s from the server: its parameters are invalid", command)

    async def on_disconnect(self, expected: bool) -> None:
        """Do nothing: the owner of the client reconnects."""

    async def on_raw_cap_nak(self, params: list[str]) -> None:
        """Log that messages will have no tags, and continue."""
        logger.error("the server refuses %s: messages will have no ids", " ".join(params))
        await super().on_raw_cap_nak(params)

    async def on_raw_376(self, _: Any) -> None:
        """Treat the end of the message of the day as the end of registration."""
        await self.on_connect()

    on_raw_422 = on_raw_376

    async def _connect(
        self,
        hostname: str,  # noqa: ARG002 - *host* knows
        port: int,  # noqa: ARG002 - *host* knows
        reconnect: bool = False,  # noqa: ARG002 - part of pydle's signature
        *,
        host: ChatHost,
        tls: bool,  # noqa: ARG002 - *host* knows
    ) -> None:
        self.password = None
        self.encoding = "utf-8"
        # pydle tries one address after the other, makes a new TLS context for each connection, and
        # calls asyncio.wait_for, which may swallow a cancellation
        # (https://github.com/python/cpython/issues/86296).
        self.connection: ChatConnection = await host.connect()

    async def _register(self) -> None:
        # Twitch documents its capabilities. Requesting their list would cost a round trip.
        self._capabilities_requested.update(CAPABILITIES)
        await self.rawmsg("CAP", "REQ", " ".join(CAPABILITIES))
        await super(CapabilityNegotiationSupport, self)._register()

    async def _send(self, line: Any) -> None:
        # pydle logs the line, and waits until it is sent.
        if self.connected:
            self.connection.send(str(line).encode())

    async def _sync_user(self, nick: str, metadata: dict[str, Any]) -> None:
        """Do not store the chatter."""

    async def _rename_user(self, user: str, new: str) -> None:
        """Do not store the chatter."""


def _run(handler: Coroutine[Any, Any, None]) -> None:
    """Run a *handler* to its end. None of those called here waits for anything: see `_send`."""
    try:
        handler.send(None)
    except StopIteration:
        return
    handler.close()
    raise RuntimeError("a handler of pydle waits")
