"""
Looks at the host, in a thread of its own, so that the server responds meanwhile.

It looks every 10 s, so that rates and the history of the last hour are known when somebody comes.
Who asks gets what was seen in the last second, and looks again only if that is older: those who ask
at the same time share it. Metrics and health need only the facts; that saves a third.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from monitor.collection.host import Host
from monitor.collection.observer import Observer
from monitor.collection.snapshot import Snapshot

#: Seconds between two looks while nobody asks.
EVERY_S = 10.0

#: How old, in seconds, what is shown may be. A little less than a second: who looks each second
#: sees something new each time.
_FRESH_S = 0.9

_T = TypeVar("_T")


class Observation:
    """What *observer* sees, for all who ask."""

    def __init__(self, observer: Observer) -> None:
        self._observer = observer
        # One thread: an observer is not made for several.
        self._thread = ThreadPoolExecutor(1, "observation")
        self._lock = asyncio.Lock()
        self._host: Host | None = None
        self._collected_at = 0.0
        self._snapshot: Snapshot | None = None

    async def run(self) -> None:
        """Look every 10 s, until cancelled."""
        while True:
            await self.snapshot()
            await asyncio.sleep(EVERY_S)

    async def host(self) -> Host:
        """Return the facts about the host, as they were within the last second."""
        async with self._lock:
            return await self._fresh_host()

    async def snapshot(self) -> Snapshot:
        """Return what there is to be seen of the host, as it was within the last second."""
        async with self._lock:
            host = await self._fresh_host()
            if self._snapshot is None or self._snapshot.at_ms != host.at_ms:
                self._snapshot = await self.in_thread(partial(self._observer.see, host))
            return self._snapshot

    async def _fresh_host(self) -> Host:
        if self._host is None or time.monotonic() - self._collected_at >= _FRESH_S:
            self._host = await self.in_thread(self._observer.collect)
            self._collected_at = time.monotonic()
        return self._host

    async def in_thread(self, work: Callable[[], _T]) -> _T:
        """Return the result of *work*, which takes long enough to delay others."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def close(self) -> None:
        """End the thread."""
        self._thread.shutdown(cancel_futures=True)
