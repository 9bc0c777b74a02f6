"""Waiting until something about the server has come true, without polling."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Changes:
    """Wakes those who wait for a condition whenever something has changed."""

    def __init__(self) -> None:
        self._next = asyncio.Event()

    def announce(self) -> None:
        """Have everybody who waits look again."""
        changed, self._next = self._next, asyncio.Event()
        changed.set()

    async def wait_until(
        self, condition: Callable[[], bool], *, timeout_s: float, what: str
    ) -> None:
        """
        Return once *condition* holds.

        Raises TimeoutError, which names *what* was waited for, when it does not within *timeout_s*
        seconds.
        """
        try:
            async with asyncio.timeout(timeout_s):
                while not condition():
                    await self._next.wait()
        except TimeoutError:
            raise TimeoutError(f"waited {timeout_s} s for {what}") from None
