"""A silent peer is sent a PING, and counts as dead if nothing is received after it."""

from __future__ import annotations

import asyncio

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
    async with asyncio.timeout(10):
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
    async with asyncio.timeout(10):
        await enough.wait()
    watchdog.stop()
    assert not dead.is_set()


async def test_nothing_is_asked_after_stop() -> None:
    """A connection that was left is not watched."""
    asked = asyncio.Event()
    watchdog = Watchdog(_SOON, ask=asked.set, on_dead=asked.set)
    watchdog.start()
    watchdog.stop()
    await asyncio.sleep(0.05)
    assert not asked.is_set()
