"""Waiting for Twitch's limits."""

from __future__ import annotations

import asyncio
import fcntl
import logging
import re
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest

from readers.twitch import rate_limits
from readers.twitch.rate_limits import RateLimits

# Seconds within which an action counts as immediate. A wait would be one of 12 s.
AT_ONCE_S = 10.0


async def begin(waiting: Coroutine[Any, Any, None]) -> None:
    """Let *waiting* run until it waits, and end it."""
    task = asyncio.create_task(waiting)
    await asyncio.sleep(0)
    task.cancel()


async def test_eighteen_logins_are_immediate_and_the_next_one_waits(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The delay is logged. Joins are counted separately."""
    caplog.set_level(logging.INFO)
    limits = RateLimits(tmp_path, join_rate=20)
    async with asyncio.timeout(AT_ONCE_S):
        for _ in range(18):
            await limits.wait_for_login()
    assert caplog.text == ""
    await begin(limits.wait_for_login())
    waiting = re.search(r"waiting (\d+) s to log in", caplog.text)
    assert waiting
    assert 12 - AT_ONCE_S <= int(waiting[1]) <= 12
    async with asyncio.timeout(AT_ONCE_S):
        await limits.wait_for_join()


async def test_a_verified_bot_has_a_higher_limit(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It has a tenth as many logins as joins. We use 90 % of each, here 27 of 30 logins."""
    caplog.set_level(logging.INFO)
    limits = RateLimits(tmp_path, join_rate=300)
    async with asyncio.timeout(60):
        for _ in range(27):
            await limits.wait_for_login()
            await limits.wait_for_join()
    assert caplog.text == ""
    await begin(limits.wait_for_login())
    assert "to log in" in caplog.text
    await begin(limits.wait_for_join())
    assert "to join" not in caplog.text


async def test_the_smallest_rate_allows_one_join(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """90 % of 1, rounded down, would allow none."""
    caplog.set_level(logging.INFO)
    limits = RateLimits(tmp_path, join_rate=1)
    async with asyncio.timeout(AT_ONCE_S):
        await limits.wait_for_join()
    await begin(limits.wait_for_join())
    assert "to join" in caplog.text


async def test_an_unwritable_folder_does_not_prevent_joins(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """An error is logged. Exceeding Twitch's limit is better than not joining at all."""
    (tmp_path / "limits").write_text("a file where the folder should be")
    async with asyncio.timeout(AT_ONCE_S):
        await RateLimits(tmp_path / "limits", join_rate=20).wait_for_join()
    assert "cannot keep to Twitch's limits" in caplog.text


async def test_the_loop_runs_while_another_reader_reserves(tmp_path: Path) -> None:
    """A reader that blocked would answer no PING of Twitch."""
    limits = RateLimits(tmp_path, join_rate=20)
    with (tmp_path / "joins.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        waiting = asyncio.create_task(limits.wait_for_join())
        await asyncio.sleep(0)
        assert not waiting.done()
    async with asyncio.timeout(AT_ONCE_S):
        await waiting


async def test_a_suspended_reader_does_not_prevent_joins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """After a minute, which is shortened here, an error is logged."""
    monkeypatch.setattr(rate_limits, "_RESERVED_WITHIN_S", 0.01)
    with (tmp_path / "joins.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        async with asyncio.timeout(AT_ONCE_S):
            await RateLimits(tmp_path, join_rate=20).wait_for_join()
    assert "cannot keep to Twitch's limits" in caplog.text
