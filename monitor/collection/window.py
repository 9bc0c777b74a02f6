"""Remembers how counters stood some time ago."""

from __future__ import annotations

from collections import deque
from typing import Generic, TypeVar

T = TypeVar("T")


class Window(Generic[T]):
    """What was added over the last *span_ms*, at most once in *step_ms*."""

    def __init__(self, span_ms: int, step_ms: int) -> None:
        self._span_ms = span_ms
        self._step_ms = step_ms
        self._samples: deque[tuple[int, T]] = deque()

    def add(self, at_ms: int, value: T) -> None:
        """Remember *value* of the moment *at_ms*, in Unix milliseconds."""
        samples = self._samples
        if samples and at_ms < samples[-1][0]:
            samples.clear()  # the clock was set back
        if not samples or at_ms - samples[-1][0] >= self._step_ms:
            samples.append((at_ms, value))
        while len(samples) > 1 and samples[1][0] <= at_ms - self._span_ms:
            samples.popleft()

    def oldest(self) -> tuple[int, T]:
        """Return the value of about *span_ms* ago, with its moment. There must be one."""
        return self._samples[0]


def grown(now: int, before: int) -> int:
    """Return by how much a counter grew. One that is smaller than before has begun again."""
    return now - before if now >= before else now
