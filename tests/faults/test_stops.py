"""SIGTERM during a burst, and a publisher that hangs for a while (SIGSTOP)."""

from __future__ import annotations

import random
import signal
import time

from tests.faults.conftest import Conclude, Extent
from tests.faults.report import Allowed
from tests.faults.stage import Stage

_BURST_PER_SECOND = 3000
_EVERY_S = 1.5


def test_the_publisher_is_stopped_in_a_burst(
    stage: Stage, extent: Extent, rng: random.Random, conclude: Conclude
) -> None:
    """Received batches are published and acknowledged first: no duplicates."""
    rounds = extent.rounds(quick=2)
    stage.start()
    with stage.speaker.speaking(_BURST_PER_SECOND):
        for _ in range(rounds):
            time.sleep(rng.uniform(0, _EVERY_S))
            stage.stop_publisher()
    conclude(stage, "SIGTERM publisher in a burst", rounds=rounds)


def test_the_readers_are_stopped_in_a_burst(
    stage: Stage, extent: Extent, rng: random.Random, conclude: Conclude
) -> None:
    """Received messages are delivered, and a gap record covers the time without readers."""
    rounds = extent.rounds(quick=2)
    stage.start()
    with stage.speaker.speaking(_BURST_PER_SECOND):
        for _ in range(rounds):
            time.sleep(rng.uniform(0, _EVERY_S))
            stage.stop_readers()
    conclude(stage, "SIGTERM readers in a burst", rounds=rounds, allowed=Allowed(gaps=True))


def test_the_publisher_hangs(stage: Stage, extent: Extent, conclude: Conclude) -> None:
    """Its readers wait; there are no duplicates when it continues."""
    seconds = extent.seconds(quick=2, full=20)
    stage.start()
    with stage.speaker.speaking(200):
        time.sleep(0.5)
        stage.publisher.send(signal.SIGSTOP)
        time.sleep(seconds)
        stage.publisher.send(signal.SIGCONT)
        time.sleep(0.5)
    conclude(
        stage, f"SIGSTOP publisher, {seconds:.0f} s", allowed=Allowed(least_silence_s=seconds / 2)
    )
