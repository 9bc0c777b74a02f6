"""Retry with Twitch while it is away: when to ask again, and what to say about it."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable

from auth.errors import TwitchUnreachableError
from auth.schedule import retry_delay_s

logger = logging.getLogger(__name__)


class Retry:
    """Counts failures in a row. All times are Unix seconds."""

    def __init__(self, chance: Callable[[], float] = random.random) -> None:
        self._chance = chance
        self._failures = 0
        self._retry_at = float("-inf")

    def is_over(self, now: float) -> bool:
        """Return whether it is time to ask Twitch again, or at all."""
        return now >= self._retry_at

    def on_failure(self, now: float, error: TwitchUnreachableError) -> None:
        """Put the next attempt off; say so the first time, the rest is for debugging."""
        self._failures += 1
        self._retry_at = now + retry_delay_s(self._failures, self._chance())
        level = logging.WARNING if self._failures == 1 else logging.DEBUG
        logger.log(level, "%s; the token stays in use meanwhile, and we try again", error)

    def on_success(self) -> None:
        """Begin anew with the first delay."""
        if self._failures:
            logger.info("Twitch answers again")
        self._failures = 0
        self._retry_at = float("-inf")
