"""A clock that a test sets."""

from __future__ import annotations


class Clock:
    """It shows Unix seconds."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Let so much time pass, in none."""
        self.now += seconds
