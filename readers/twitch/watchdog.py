"""
Tests a silent connection with a PING: a half-open connection looks like a quiet chat.

A thousand readers share a host, so an idle reader has to sleep. A quiet channel wakes its reader
only for the PING and the PONG.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from readers.twitch.timing import Timing


class Watchdog:
    """Watches one connection from `start` to `stop`."""

    def __init__(
        self, timing: Timing, *, ask: Callable[[], object], on_dead: Callable[[], object]
    ) -> None:
        """*ask* sends a PING; *on_dead* is called when nothing is received after it."""
        self._timing = timing
        self._ask = ask
        self._on_dead = on_dead
        self._loop = asyncio.get_running_loop()
        self._received_at = 0.0
        self._ping_sent = False
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Start watching."""
        self._received_at = time.monotonic()
        self._schedule(self._timing.ping_after_s, self._check)

    def on_received(self) -> None:
        """Record that data was received."""
        self._received_at = time.monotonic()
        if self._ping_sent:
            self._ping_sent = False
            self._schedule(self._timing.ping_after_s, self._check)

    def stop(self) -> None:
        """Stop watching."""
        self._ping_sent = False
        if self._timer:
            self._timer.cancel()

    def _check(self) -> None:
        quiet_s = time.monotonic() - self._received_at
        if quiet_s < self._timing.ping_after_s:
            self._schedule(self._timing.ping_after_s - quiet_s, self._check)
            return
        self._ping_sent = True
        self._schedule(self._timing.pong_within_s, self._on_dead)
        self._ask()

    def _schedule(self, delay_s: float, callback: Callable[[], object]) -> None:
        if self._timer:
            self._timer.cancel()
        self._timer = self._loop.call_later(delay_s, callback)
