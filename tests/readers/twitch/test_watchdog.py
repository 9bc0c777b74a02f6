"""A silent peer is asked for a sign of life, and given up when there is none."""

from __future__ import annotations

import asyncio

from readers.twitch.timing import Timing
from readers.twitch.watchdog import Watchdog

_SOON = Timing(ping_after_s=0.01, pong_within_s=0.01)


async def test_a_silent_peer_is_asked_and_given_up() -> None:
    """Asked first."""
    happened: list[str] = []
    dead = asyncio.Event()

    def give_up() -> None:
        happened.append("dead")
        dead.set()

    Watchdog(_SOON, ask=lambda: happened.append("asked"), on_dead=give_up).start()
    async with asyncio.timeout(10):
        await dead.wait()
    assert happened == ["asked", "dead"]


async def test_a_peer_that_answers_is_asked_again_and_again() -> None:
    """And never given up."""
    asked = 0
    enough = asyncio.Event()

    def answer() -> None:
        nonlocal asked
        asked += 1
        watchdog.on_received()
        if asked == 5:
            enough.set()

    dead = asyncio.Event()
    watchdog = Watchdog(_SOON, ask=answer, on_dead=dead.set)
    watchdog.start()
    async with asyncio.timeout(10):
        await enough.wait()
    watchdog.stop()
    assert not dead.is_set()


async def test_nobody_is_asked_after_the_end() -> None:
    """A connection that was left is not watched."""
    asked = asyncio.Event()
    watchdog = Watchdog(_SOON, ask=asked.set, on_dead=asked.set)
    watchdog.start()
    watchdog.stop()
    await asyncio.sleep(0.05)
    assert not asked.is_set()
