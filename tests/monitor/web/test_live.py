"""What open pages get that take their events at different speeds, or for which there are none."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest

from monitor.collection.collector import Collector
from monitor.collection.observer import Observer
from monitor.web import live as module
from monitor.web.live import Live
from monitor.web.observation import Observation
from monitor.web.peers import Peers

_WITHIN_S = 20


@pytest.fixture
async def live(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Live]:
    """The events of a host without anything, more often than in a monitor."""
    monkeypatch.setattr(module, "EVERY_S", 0.01)
    monkeypatch.setattr(module, "_SILENCE_S", 0.05)
    observation = Observation(Observer(Collector(tmp_path)))
    yield Live(observation, Peers([], ""))
    observation.close()


async def test_a_page_that_missed_a_change_gets_everything(live: Live) -> None:
    """The changes that it would need for the next one are not kept."""
    running = asyncio.create_task(live.run())
    slow, fast = live.events(), live.events()
    async with asyncio.timeout(_WITHIN_S):
        with live.page():
            assert [await _next(page) for page in (slow, fast)] == ["all", "all"]
            assert [await _next(fast) for _ in range(4)] == ["change"] * 4
            assert await _next(slow) == "all"
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


async def test_silence_is_broken_by_a_comment(live: Live) -> None:
    """So that nothing between page and monitor takes the connection for a dead one."""
    events = live.events()
    async with asyncio.timeout(_WITHIN_S):
        assert [await anext(events) for _ in range(2)] == [b":\n\n"] * 2


async def test_the_events_end_with_the_server(live: Live) -> None:
    """Also those of a page that is waiting for the next."""
    waiting = asyncio.create_task(_all(live.events()))
    await asyncio.sleep(0)
    live.close()
    async with asyncio.timeout(_WITHIN_S):
        assert await waiting == []


async def _all(events: AsyncIterator[bytes]) -> list[bytes]:
    return [event async for event in events]


async def _next(events: AsyncIterator[bytes]) -> str:
    """Return the kind of the next event. On a busy machine, comments come before it."""
    async for event in events:
        if event != b":\n\n":
            return event.partition(b"\n")[0].decode().removeprefix("event: ")
    raise EOFError
