"""Polling, for conditions without an event: an outbox or a log that has changed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


async def until(condition: Callable[[], bool], timeout_s: float = 60.0) -> None:
    """Wait for *condition*. Raises TimeoutError when it takes more than *timeout_s* seconds."""
    async with asyncio.timeout(timeout_s):
        while not condition():  # noqa: ASYNC110 - there is no event
            await asyncio.sleep(0.005)
