"""
pydle's client without what Twitch does not bear.

pydle connects, speaks TLS, registers, negotiates capabilities and dispatches commands. Replaced is
what it does otherwise than Twitch needs (pydle 1.2): it remembers every chatter, and asks the
server about each; it expects parameters that Twitch leaves out; it logs what it sends, the token
among it; it connects again without the token; and it reads a line at a time.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from pydle.features.ircv3.cap import CapabilityNegotiationSupport
from pydle.features.rfc1459.parsing import RFC1459Message
from pydle.features.tls import TLSSupport

from readers.irc import IrcMessage

#: Capabilities that give lines their tags, and the commands beside PRIVMSG.
#: https://dev.twitch.tv/docs/chat/irc/#supported-capabilities
CAPABILITIES = ("twitch.tv/commands", "twitch.tv/tags")

logger = logging.getLogger(__name__)


class PydleClient(CapabilityNegotiationSupport, TLSSupport):
    """Connects once, and dispatches commands to `on_raw_...`. Reading is the subclass's."""

    RECONNECT_ON_ERROR = False

    async def connect(self, *args: Any, **kwargs: Any) -> None:
        """Connect and register. Raises OSError, or asyncio.CancelledError when cancelled."""
        try:
            await super().connect(*args, **kwargs)
        finally:
            # Before Python 3.12 asyncio.wait_for, with which pydle connects, may swallow it
            # (https://github.com/python/cpython/issues/86296).
            task = asyncio.current_task()
            if task and task.cancelling():
                raise asyncio.CancelledError

    async def dispatch(self, message: IrcMessage) -> None:
        """Call the handler of *message*, which gets its tags as `tags`."""
        command = int(message.command) if message.command.isdecimal() else message.command.upper()
        await self.on_raw(
            RFC1459Message(command, message.params, source=message.source, tags=message.tags)
        )

    async def on_disconnect(self, expected: bool) -> None:
        """Leave connecting again to the owner."""

    async def on_unknown(self, message: Any) -> None:
        """Ignore what a reader of chat has no use for."""

    async def on_raw_cap_nak(self, params: list[str]) -> None:
        """Say that lines will lack their tags, and go on."""
        logger.error("the server refuses the capabilities %s: messages will lack ids", *params)
        await super().on_raw_cap_nak(params)

    async def on_raw_004(self, message: Any) -> None:
        """Ignore what pydle expects other parameters of, or would keep."""

    # 410: an unknown CAP command, which pydle answers with another one. 353: names of chatters.
    on_raw_353 = on_raw_372 = on_raw_375 = on_raw_410 = on_raw_join = on_raw_004

    async def on_raw_376(self, _: Any) -> None:
        """Take the end of the message of the day as the end of registration."""
        await self.on_connect()

    on_raw_422 = on_raw_376

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
