"""How long to wait before the next attempt: exponential backoff with jitter."""

from __future__ import annotations

import random
from collections.abc import Callable


class Backoff:
    """
    Exponential backoff: each delay has twice the ceiling of the one before.

    The n-th delay is drawn between *min_share* of the ceiling and the ceiling itself, which is
    `min(last_s, first_s * 2**n)` seconds. With jitter, a thousand processes that were disconnected
    together do not reconnect together
    (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).
    """

    def __init__(
        self,
        first_s: float,
        last_s: float,
        *,
        min_share: float = 0.5,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """
        *first_s* and *last_s* are the first and the largest ceiling in seconds.

        A *min_share* of 0.5 is "equal jitter", 0 is "full jitter", and 1 is no jitter. *chance*
        returns numbers from 0 to 1.
        """
        self._first_s = first_s
        self._last_s = last_s
        self._min_share = min_share
        self._chance = chance
        self._ceiling_s = first_s

    def next_delay_s(self) -> float:
        """Return the seconds to wait before the next attempt; each call doubles the ceiling."""
        share = self._min_share + (1 - self._min_share) * self._chance()
        delay_s = self._ceiling_s * share
        self._ceiling_s = min(self._last_s, self._ceiling_s * 2)
        return delay_s

    def reset(self) -> None:
        """Start again with the first ceiling, after a success."""
        self._ceiling_s = self._first_s
