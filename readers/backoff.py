"""How long to wait before the next try: exponentially longer, and drawn by chance."""

from __future__ import annotations

import random
from collections.abc import Callable


class Backoff:
    """
    Exponential backoff with equal jitter.

    The n-th delay is drawn from the upper half of `min(last_s, first_s * 2**n)` seconds: a thousand
    readers that were cut off together do not come back together, and none of them at once
    (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).
    """

    def __init__(
        self, first_s: float, last_s: float, *, chance: Callable[[], float] = random.random
    ) -> None:
        """*chance* gives numbers from 0 to 1."""
        self._first_s = first_s
        self._last_s = last_s
        self._chance = chance
        self._ceiling_s = first_s

    def next_delay_s(self) -> float:
        """Return the seconds to wait now; the next ones will be longer."""
        delay_s = self._ceiling_s * (1 + self._chance()) / 2
        self._ceiling_s = min(self._last_s, self._ceiling_s * 2)
        return delay_s

    def reset(self) -> None:
        """Begin anew with the first delay."""
        self._ceiling_s = self._first_s
