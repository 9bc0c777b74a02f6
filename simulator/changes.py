"""Waits for a condition on the server's state without polling."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Changes:
    """Checks the awaited conditions after each announced change."""

    def __init__(self) -> None:
        self._next = asyncio.Event()

    def announce(self) -> None:
        """Make all waiting tasks check their condition again."""
        changed, self._next = self._next, asyncio.Event()
        changed.set()

    async def wait_until(
        self, condition: Callable[[], bool], *, timeout_s: float, what: str
    ) -> None:
        """
        Return once *condition* is true.

        Raises TimeoutError, with *what* in its text, after *timeout_s* seconds.
        """
        try:
            async with asyncio.timeout(timeout_s):
                while not condition():
                    await self._next.wait()
        except TimeoutError:
            raise TimeoutError(f"waited {timeout_s} s for {what}") from None
