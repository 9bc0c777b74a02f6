"""
The snapshots of other hosts, MONITOR_PEERS, from their monitors.

All are asked at the same time, each in a thread. A peer that does not respond is shown as a problem
of its own, and does not delay what is shown of the others.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial

from common.web_address import WebAddress
from monitor.collection.asked_host import AskedHost
from monitor.collection.messages import Messages
from monitor.collection.remote import RemoteError, fetch_messages
from monitor.collection.snapshot import Snapshot
from monitor.collection.told_apart import told_apart
from monitor.web.daemon_thread import in_daemon_thread

#: Seconds in which a peer has to respond.
RESPOND_WITHIN_S = 2.0

#: Seconds that others wait for a peer which responded the last time, or was not asked yet.
_WAIT_S = 0.5


class Peers:
    """The monitors at *addresses*, which take *token*, "" for none."""

    def __init__(self, addresses: Sequence[WebAddress], token: str) -> None:
        # An address that is there twice is asked once.
        self._peers = [_Peer(address, token) for address in dict.fromkeys(addresses)]
        #: By the names that they are shown with.
        self._shown: dict[str, _Peer] = {}

    async def snapshots(self) -> list[Snapshot]:
        """Return the newest snapshot of each peer, in the order of their addresses."""
        for peer in self._peers:
            peer.ask()
        if waited_for := [peer.asked for peer in self._peers if peer.asked and not peer.host.error]:
            await asyncio.wait(waited_for, timeout=_WAIT_S)
        return [peer.host.snapshot for peer in self._peers]

    async def messages(self, host: str, channel: str) -> Messages:
        """
        Return the last messages of *channel* on the peer that is shown as *host*.

        Raises RemoteError.
        """
        peer = self._shown.get(host)
        if peer is None:
            raise RemoteError(f"{host} is not shown any more.", "")
        return await peer.messages(channel)

    def told_apart(self, own: Snapshot, others: Sequence[Snapshot]) -> list[Snapshot]:
        """Return *own* and *others*, each host once and with a name of its own."""
        peers = {peer.host.address: peer for peer in self._peers}
        apart = told_apart([(None, own), *zip(peers, others, strict=True)])
        self._shown = {snapshot.host: peers[address] for address, snapshot in apart if address}
        return [snapshot for _, snapshot in apart]

    def close(self) -> None:
        """Ask no more."""
        for peer in self._peers:
            if peer.asked:
                peer.asked.cancel()


class _Peer:
    def __init__(self, address: WebAddress, token: str) -> None:
        self.host = AskedHost(address, token, RESPOND_WITHIN_S)
        #: While it is asked.
        self.asked: asyncio.Task[None] | None = None
        self._token = token

    def ask(self) -> None:
        """Begin to ask, unless this is being done."""
        if self.asked is None or self.asked.done():
            self.asked = asyncio.create_task(in_daemon_thread(self.host.ask))

    async def messages(self, channel: str) -> Messages:
        """Return the last messages of *channel*. Raises RemoteError."""
        return await in_daemon_thread(
            partial(fetch_messages, channel, self.host.address, self._token, RESPOND_WITHIN_S)
        )
