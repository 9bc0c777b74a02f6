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
        #: What was logged since the last success.
        self._logged: set[str] = set()
        self._retry_at = float("-inf")

    def is_due(self, now: float) -> bool:
        """Return whether Twitch may be asked now: there was no failure, or the delay is over."""
        return now >= self._retry_at

    def on_failure(self, now: float, error: TwitchUnreachableError) -> None:
        """Schedule the next attempt. Logs each text once as a warning until there is a success."""
        self._retry_at = now + self._backoff.next_delay_s()
        level = logging.DEBUG if str(error) in self._logged else logging.WARNING
        self._logged.add(str(error))
        logger.log(
            level,
            "%s; trying again at least every %.0f s, and the current token stays in use",
            error,
            RETRY_LAST_S,
        )

    def on_success(self) -> None:
        """Start again with the first delay."""
        if self._logged:
            logger.info("Twitch can be reached again")
        self._logged.clear()
        self._backoff.reset()
        self._retry_at = float("-inf")
