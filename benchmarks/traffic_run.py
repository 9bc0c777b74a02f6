"""One run of a stage's traffic, and the messages that were said in it."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future

from benchmarks.arrivals import Key
from benchmarks.stage import Stage


class TrafficRun:
    """A run that has been started."""

    def __init__(self, stage: Stage, seconds: float) -> None:
        self._stage = stage
        self._before = {channel: len(times) for channel, times in stage.traffic.said.items()}
        self._run: Future[None] = asyncio.run_coroutine_threadsafe(
            stage.traffic.run(seconds), stage.chat.loop
        )

    def result(self) -> dict[Key, float]:
        """Wait for its end; return when each message was said (time.monotonic)."""
        self._run.result()
        return {
            (channel, number): at
            for channel, times in self._stage.traffic.said.items()
            for number, at in enumerate(times[self._before[channel] :], self._before[channel] + 1)
        }
