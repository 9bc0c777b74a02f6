"""Twitch's limits on JOINs and logins: a number per account in a sliding window."""

from __future__ import annotations

import time
from collections import defaultdict, deque
from collections.abc import Callable

#: "20 join attempts per 10 seconds per user", "20 authenticate attempts per 10 seconds per user":
#: https://dev.twitch.tv/docs/chat/irc/, "Rate limits".
TWITCH_LIMIT = 20
TWITCH_WINDOW_S = 10.0


class RateLimit:
    """Allows each account *limit* actions in any *window_s* seconds."""

    def __init__(
        self,
        limit: int = TWITCH_LIMIT,
        window_s: float = TWITCH_WINDOW_S,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._limit = limit
        self._window_s = window_s
        self._clock = clock
        self._granted: defaultdict[str, deque[float]] = defaultdict(deque)

    def grants(self, account: str) -> bool:
        """Return whether *account* is below the limit. If so, count one more action."""
        now = self._clock()
        granted = self._granted[account]
        while granted and now - granted[0] >= self._window_s:
            granted.popleft()
        if len(granted) >= self._limit:
            return False
        granted.append(now)
        return True
