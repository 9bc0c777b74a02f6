"""
What open pages get: everything when they connect, then each second what has changed.

It is made once, for all of them. Each page takes the newest when it can: one that is too slow for
what has changed in a second gets everything again, and nothing piles up for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from monitor.collection.snapshot import Snapshot
from monitor.web.changes import change, whole
from monitor.web.observation import Observation
from monitor.web.peers import Peers

#: Seconds between two changes.
EVERY_S = 1.0

#: Seconds of silence after which a comment is sent, so that nothing on the way ends the connection.
_SILENCE_S = 15.0

_COMMENT = b":\n\n"


@dataclass
class _Frame:
    """The hosts at a moment, and the change that led there; None if there is none."""

    number: int
    hosts: list[Snapshot]
    change: bytes | None
    whole: bytes | None = None

    def event_after(self, number: int | None) -> bytes:
        """Return the event for a page that has got the frame *number*, None for nothing."""
        if number == self.number - 1 and self.change is not None:
            return _event("change", self.change)
        if self.whole is None:
            self.whole = whole(self.hosts)
        return _event("all", self.whole)


class Live:
    """The events of all open pages."""

    def __init__(self, observation: Observation, peers: Peers) -> None:
        self._observation = observation
        self._peers = peers
        self._pages = 0
        self._has_pages = asyncio.Event()
        self._frame = _Frame(0, [], None)
        self._next_frame = asyncio.Event()
        self._is_closed = False

    @property
    def pages(self) -> int:
        """The number of open pages."""
        return self._pages

    @contextmanager
    def page(self) -> Iterator[None]:
        """Count a page as open within a `with` block."""
        self._pages += 1
        self._has_pages.set()
        try:
            yield
        finally:
            self._pages -= 1
            if not self._pages:
                self._has_pages.clear()

    async def hosts(self) -> list[Snapshot]:
        """Return this host and its peers, as they were within the last second or so."""
        own, others = await asyncio.gather(self._observation.snapshot(), self._peers.snapshots())
        return self._peers.told_apart(own, others)

    async def run(self) -> None:
        """Make a frame each second while a page is open, until cancelled."""
        while True:
            await self._has_pages.wait()
            hosts = await self.hosts()
            self._show(_Frame(self._frame.number + 1, hosts, change(self._frame.hosts, hosts)))
            await asyncio.sleep(EVERY_S)

    async def events(self) -> AsyncIterator[bytes]:
        """Yield the events of an open page until the server stops."""
        got, newest = None, self._frame.number
        while await self._has_frame_after(newest):
            frame = self._frame
            if newest == frame.number:
                yield _COMMENT
            else:
                yield frame.event_after(got)
                got = newest = frame.number

    def close(self) -> None:
        """End the events of all pages."""
        self._is_closed = True
        self._next_frame.set()

    def _show(self, frame: _Frame) -> None:
        self._frame = frame
        shown, self._next_frame = self._next_frame, asyncio.Event()
        shown.set()

    async def _has_frame_after(self, number: int) -> bool:
        """Wait for a frame after *number*, not for long; return False once the server stops."""
        if number == self._frame.number and not self._is_closed:
            try:
                async with asyncio.timeout(_SILENCE_S):
                    await self._next_frame.wait()
            except TimeoutError:
                pass
        return not self._is_closed


def _event(kind: str, data: bytes) -> bytes:
    # JSON of msgspec has no line breaks.
    return b"event: %b\ndata: %b\n\n" % (kind.encode(), data)
