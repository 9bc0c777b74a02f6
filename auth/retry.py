"""When to ask Twitch again after it could not be reached, and what to log about it."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable

from auth.errors import TwitchUnreachableError
from auth.schedule import RETRY_FIRST_S, RETRY_LAST_S
from common.backoff import Backoff

logger = logging.getLogger(__name__)


class Retry:
    """Schedules attempts with full jitter. All times are Unix seconds."""

    def __init__(self, chance: Callable[[], float] = random.random) -> None:
        """*chance* returns numbers from 0 to 1."""
        self._backoff = Backoff(RETRY_FIRST_S, RETRY_LAST_S, min_share=0.0, chance=chance)
        self._has_failed = False
        self._retry_at = float("-inf")

    def is_due(self, now: float) -> bool:
        """Return whether Twitch may be asked now: there was no failure, or the delay is over."""
        return now >= self._retry_at

    def on_failure(self, now: float, error: TwitchUnreachableError) -> None:
        """Schedule the next attempt. The first failure in a row is a warning, others are debug."""
        self._retry_at = now + self._backoff.next_delay_s()
        level = logging.DEBUG if self._has_failed else logging.WARNING
        self._has_failed = True
        logger.log(level, "%s; retrying, and the current token stays in use", error)

    def on_success(self) -> None:
        """Start again with the first delay."""
        if self._has_failed:
            logger.info("Twitch can be reached again")
        self._has_failed = False
        self._backoff.reset()
        self._retry_at = float("-inf")
