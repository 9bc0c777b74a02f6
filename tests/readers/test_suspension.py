"""A reader that was suspended: what it reads at first is old, and the connection may be gone."""

from __future__ import annotations

import asyncio
import time

import pytest

from common.chat_gap import GapReason
from readers import presence
from readers.presence import LATENCY_MS
from readers.twitch import client
from simulator.chat_server import ChatServer
from tests.readers.memberships import CHANNEL, SHORT_DELAYS, Listener, membership_of, settings_for
from tests.readers.polling import until


class Clock:
    """Stands in for the module `time`. Its time of day is an hour late until `resume`."""

    monotonic = staticmethod(time.monotonic)

    def __init__(self) -> None:
        self._behind_ns = 3_600 * 10**9

    def time_ns(self) -> int:
        """Return the time of day."""
        return time.time_ns() - self._behind_ns

    def resume(self) -> None:
        """End an hour in which this process did not run."""
        self._behind_ns = 0


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Return the clock of the client, and have each time that it notes stored."""
    clock = Clock()
    monkeypatch.setattr(client, "time", clock)
    monkeypatch.setattr(presence, "NOTE_EVERY_MS", 0)
    return clock


async def test_the_gap_begins_before_a_suspension(
    twitch: ChatServer, listener: Listener, clock: Clock
) -> None:
    """Twitch sent something, and closed the connection, at an unknown time in between."""
    async with membership_of(settings_for(twitch), listener):
        (session,) = await twitch.wait_for_join(CHANNEL)
        await twitch.ping_and_wait(CHANNEL)
        suspended_ms = clock.time_ns() // 1_000_000
        clock.resume()
        await twitch.say(CHANNEL, "sent meanwhile")
        await twitch.ping_and_wait(CHANNEL)
        await session.close()
        await until(lambda: listener.outbox.last_seq == 1)
    (gap,) = listener.gaps()
    assert gap.from_ms + LATENCY_MS <= suspended_ms
    assert gap.reason is GapReason.DISCONNECTED
    assert listener.texts == ["sent meanwhile"]


async def test_a_connection_that_outlives_a_suspension_is_trusted_again(
    twitch: ChatServer, listener: Listener, clock: Clock
) -> None:
    """What is read some time later has just been sent."""

    def known_until_ms() -> int:
        absence = listener.outbox.absence()
        return absence.since_ms if absence else 0

    timing = SHORT_DELAYS._replace(pong_within_s=0.2)
    async with membership_of(settings_for(twitch), listener, timing=timing):
        await twitch.wait_for_join(CHANNEL)
        await twitch.ping_and_wait(CHANNEL)
        clock.resume()
        resumed_ms = clock.time_ns() // 1_000_000
        async with asyncio.timeout(60):
            while known_until_ms() < resumed_ms:
                await twitch.ping_and_wait(CHANNEL)
    assert listener.gaps() == []
