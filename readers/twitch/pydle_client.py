"""
pydle's client without what Twitch does not bear.

pydle registers, negotiates capabilities and handles the rare commands. Replaced is what it does
otherwise than Twitch needs (pydle 1.2): it remembers every chatter, and asks the server about each;
it expects parameters that Twitch leaves out; it logs what it sends, the token among it; it connects
again without the token; and it reads a line at a time.
"""

from __future__ import annotations

import asyncio
import functools
import logging
import ssl
from typing import Any

from pydle.connection import Connection
from pydle.features.ircv3.cap import CapabilityNegotiationSupport
from pydle.features.rfc1459.parsing import RFC1459Message
from pydle.features.tls import TLSSupport

from common.logs import BoundedLog
from readers.twitch.irc import IrcMessage

#: Capabilities that give lines their tags, and the commands beside PRIVMSG.
#: https://dev.twitch.tv/docs/chat/irc/#supported-capabilities
CAPABILITIES = ("twitch.tv/commands", "twitch.tv/tags")

#: Commands that mean something to a reader. All others are dropped.
_HANDLED = {"001", "376", "422", "CAP", "NOTICE", "PART", "PING", "RECONNECT", "ROOMSTATE"}

logger = logging.getLogger(__name__)


class PydleClient(CapabilityNegotiationSupport, TLSSupport):
    """Connects once, and dispatches commands to `on_raw_...`. Reading is the subclass's."""

    RECONNECT_ON_ERROR = False

    def __init__(self, nick: str) -> None:
        super().__init__(nick)
        self._senseless = BoundedLog(logger.warning)

    async def dispatch(self, message: IrcMessage) -> None:
        """Call the handler of *message*, if there is one; it gets the tags as `tags`."""
        command = message.command.upper()
        if command not in _HANDLED:
            return
        handler = getattr(self, f"on_raw_{command.lower()}")
        try:
            await handler(
                RFC1459Message(command, message.params, source=message.source, tags=message.tags)
            )
        except (IndexError, ValueError):
            self._senseless("the server says %s with parameters that make no sense", command)

    async def on_disconnect(self, expected: bool) -> None:
        """Leave connecting again to the owner."""

    async def on_raw_cap_nak(self, params: list[str]) -> None:
        """Say that lines will lack their tags, and go on."""
        logger.error("the server refuses %s: messages will lack ids", " ".join(params))
        await super().on_raw_cap_nak(params)

    async def on_raw_376(self, _: Any) -> None:
        """Take the end of the message of the day as the end of registration."""
        await self.on_connect()

    on_raw_422 = on_raw_376

    async def _connect(
        self,
        hostname: str,
        port: int,
        reconnect: bool = False,  # noqa: ARG002 - pydle says it, we never do
        *,
        password: str | None = None,
        tls: bool = False,
    ) -> None:
        self.password = password
        self.encoding = "utf-8"
        self.connection = Connection(hostname, port)
        # pydle's own makes a new TLS context for each connection, and waits with asyncio.wait_for,
        # which may swallow a cancellation (https://github.com/python/cpython/issues/86296).
        try:
            self.connection.reader, self.connection.writer = await asyncio.open_connection(
                hostname, port, ssl=_tls_context() if tls else None
            )
        except ssl.SSLCertVerificationError:
            # The authorities may only just have been installed: the next attempt reads them anew.
            _tls_context.cache_clear()
            raise

    async def _register(self) -> None:
        # Twitch documents its capabilities: asking for their list would cost a round trip.
        self._capabilities_requested.update(CAPABILITIES)
        await self.rawmsg("CAP", "REQ", " ".join(CAPABILITIES))
        await super(CapabilityNegotiationSupport, self)._register()

    async def _send(self, line: Any) -> None:
        # pydle's own logs the line, and waits with asyncio.wait_for.
        if self.connected:
            writer = self.connection.writer
            writer.write(str(line).encode())
            await writer.drain()

    async def _sync_user(self, nick: str, metadata: dict[str, Any]) -> None:
        """Remember nothing of a chatter."""

    async def _rename_user(self, user: str, new: str) -> None:
        """Remember nothing of a chatter."""


@functools.cache
def _tls_context() -> ssl.SSLContext:
    """Return the one context of this process: the certificate authorities in it are a megabyte."""
    return ssl.create_default_context()
