"""
When the loop is told that something has come from the publishers.

Each time costs a wake-up, so the sender only wants it where something waits for what comes.
Otherwise it looks at each tick.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from readers.link.remote_publisher import RemotePublisher


class Arrivals:
    """
    Calls *on_arrival* in *loop* when something may have come from one of *publishers*.

    ZeroMQ's descriptor stays readable until what has come is looked for: *on_arrival* has to do
    that, and while nobody is called, it does no harm. It is edge-triggered: what has come is
    signalled once. Whoever looks for it must take all of it.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        publishers: Sequence[RemotePublisher],
        on_arrival: Callable[[], object],
    ) -> None:
        self._loop = loop
        self._publishers = publishers
        self._on_arrival = on_arrival
        self._is_watched = False

    def watch(self, *, wanted: bool) -> None:
        """Call *on_arrival* from now on, or no more."""
        if wanted == self._is_watched:
            return
        self._is_watched = wanted
        for publisher in self._publishers:
            if wanted:
                self._loop.add_reader(publisher, self._on_arrival)
            else:
                self._loop.remove_reader(publisher)
