"""A silent peer is sent a PING, and counts as dead if nothing is received after it."""

from __future__ import annotations

import asyncio
import time

import pytest

from readers.twitch.timing import Timing
from readers.twitch.watchdog import Watchdog

_SOON = Timing(ping_after_s=0.01, pong_within_s=0.01)


async def test_a_silent_peer_is_asked_and_then_counts_as_dead() -> None:
    """In this order."""
    happened: list[str] = []
    dead = asyncio.Event()

    def on_dead() -> None:
        happened.append("dead")
        dead.set()

    Watchdog(_SOON, ask=lambda: happened.append("asked"), on_dead=on_dead).start()
    async with asyncio.timeout(60):
        await dead.wait()
    assert happened == ["asked", "dead"]


async def test_a_responding_peer_is_asked_again() -> None:
    """It never counts as dead."""
    asked = 0
    enough = asyncio.Event()

    def respond() -> None:
        nonlocal asked
        asked += 1
        watchdog.on_received()
        if asked == 5:
            enough.set()

    dead = asyncio.Event()
    watchdog = Watchdog(_SOON, ask=respond, on_dead=dead.set)
    watchdog.start()
    async with asyncio.timeout(60):
        await enough.wait()
    watchdog.stop()
    assert not dead.is_set()


@pytest.mark.parametrize("moment", ["before the PING", "after the PING"])
async def test_nothing_happens_after_stop(moment: str) -> None:
    """A connection that was left is not watched. A watchdog that was started later is the proof."""
    happened: list[str] = []
    stopping = asyncio.Event()

    def ask() -> None:
        happened.append("asked")
        stopping.set()

    watchdog = Watchdog(_SOON, ask=ask, on_dead=lambda: happened.append("dead"))
    watchdog.start()
    async with asyncio.timeout(60):
        if moment == "after the PING":
            await stopping.wait()
        watchdog.stop()
        happened.clear()
        watchdog.on_received()
        dead = asyncio.Event()
        Watchdog(_SOON, ask=lambda: None, on_dead=dead.set).start()
        await dead.wait()
    assert happened == []


async def test_nothing_is_watched_before_start() -> None:
    """Although the lines of the login are received. A watchdog that is started is the proof."""
    asked = asyncio.Event()
    dead = asyncio.Event()
    Watchdog(_SOON, ask=asked.set, on_dead=asked.set).on_received()
    Watchdog(_SOON, ask=lambda: None, on_dead=dead.set).start()
    async with asyncio.timeout(60):
        await dead.wait()
    assert not asked.is_set()


async def test_a_peer_that_talks_is_asked_later() -> None:
    """As if the watch had begun with what was last received. A second watchdog is the proof."""
    timing = Timing(ping_after_s=0.05)
    happened: list[str] = []
    both = asyncio.Event()
    watchdog = Watchdog(timing, ask=lambda: happened.append("asked"), on_dead=both.set)
    second = Watchdog(timing, ask=both.set, on_dead=both.set)
    watchdog.start()
    await asyncio.sleep(0.02)
    happened.clear()
    watchdog.on_received()
    second.start()
    async with asyncio.timeout(60):
        await both.wait()
    watchdog.stop()
    second.stop()
    assert happened == ["asked"]


async def test_a_peer_that_talks_is_not_asked_too_early() -> None:
    """Silence is counted from what was last received."""
    loop = asyncio.get_running_loop()
    asked = asyncio.Event()
    watchdog = Watchdog(Timing(ping_after_s=0.05), ask=asked.set, on_dead=lambda: None)
    watchdog.start()
    await asyncio.sleep(0.02)
    asked.clear()
    received_at = loop.time()
    watchdog.on_received()
    async with asyncio.timeout(60):
        await asked.wait()
    watchdog.stop()
    assert loop.time() - received_at >= 0.05 - time.get_clock_info("monotonic").resolution
