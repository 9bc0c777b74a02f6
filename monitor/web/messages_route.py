"""The last messages of a channel, of this host or of a peer, for the live page."""

from __future__ import annotations

from pathlib import Path

import msgspec
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from common.status.page import PageError
from monitor.collection.messages import Messages, last_messages
from monitor.collection.remote import RemoteError
from monitor.web.live import Live
from monitor.web.peers import Peers


class _NoMessagesError(Exception):
    """Raised when there are no messages to show, with a sentence that says why."""


class MessagesRoute:
    """The route `/channels/CHANNEL/messages?host=HOST`."""

    def __init__(self, state_dir: Path, live: Live, peers: Peers) -> None:
        self._state_dir = state_dir
        self._live = live
        self._peers = peers

    async def respond(self, request: Request) -> Response:
        """Respond with messages as JSON, or with the reason why there are none."""
        host, channel = request.query_params.get("host"), request.path_params["channel"]
        try:
            messages = await self._messages(host, channel)
        except _NoMessagesError as error:
            return PlainTextResponse(f"{error}\n", 404)
        except RemoteError as error:
            return PlainTextResponse(f"{error}\n", 502)
        return Response(msgspec.json.encode(messages), media_type="application/json")

    async def _messages(self, name: str | None, channel: str) -> Messages:
        """Return the messages of *channel* on the host *name*, None for this one."""
        hosts = await self._live.hosts()
        shown = next((host for host in hosts if name in (None, host.host)), None)
        if shown is None:
            raise _NoMessagesError("There is no such host here.")
        if not shown.shows_messages:
            raise _NoMessagesError("Messages are shown only where MONITOR_SHOW_MESSAGES is true.")
        # So it is no path to other files.
        if channel not in {row.channel for row in shown.channels}:
            raise _NoMessagesError("There is no such channel on this host.")
        if shown is not hosts[0]:
            return await self._peers.messages(shown.host, channel)
        try:
            return last_messages(self._state_dir, channel)
        except PageError:
            raise _NoMessagesError("The messages of this channel cannot be read.") from None
