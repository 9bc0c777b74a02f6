"""A clock that a test sets."""

from __future__ import annotations


class Clock:
    """Returns Unix seconds when called."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Move the clock forward by *seconds*, without waiting."""
        self.now += seconds
