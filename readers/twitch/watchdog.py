"""
Asks a silent connection for a sign of life: one that is half open looks like a quiet chat.

A reader sleeps until there is something to do, and a thousand of them share a machine: a quiet
channel wakes its reader for the question and for the answer, and for nothing else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from readers.twitch.timing import Timing


class Watchdog:
    """Watches one connection from `start` on, until `stop`."""

    def __init__(
        self, timing: Timing, *, ask: Callable[[], object], on_dead: Callable[[], object]
    ) -> None:
        """*ask* asks the peer for an answer; *on_dead* is called when none has come."""
        self._timing = timing
        self._ask = ask
        self._on_dead = on_dead
        self._loop = asyncio.get_running_loop()
        self._received_at = 0.0
        self._has_asked = False
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin to watch."""
        self._received_at = self._loop.time()
        self._call(self._timing.ping_after_s, self._look)

    def on_received(self) -> None:
        """Take note that something has come from the peer."""
        self._received_at = self._loop.time()
        if self._has_asked:
            self._has_asked = False
            self._call(self._timing.ping_after_s, self._look)

    def stop(self) -> None:
        """Watch no more."""
        self._has_asked = False
        if self._timer:
            self._timer.cancel()

    def _look(self) -> None:
        quiet_s = self._loop.time() - self._received_at
        if quiet_s < self._timing.ping_after_s:
            self._call(self._timing.ping_after_s - quiet_s, self._look)
            return
        self._has_asked = True
        self._call(self._timing.pong_within_s, self._on_dead)
        self._ask()

    def _call(self, delay_s: float, what: Callable[[], object]) -> None:
        if self._timer:
            self._timer.cancel()
        self._timer = self._loop.call_later(delay_s, what)
