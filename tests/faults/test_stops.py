"""SIGTERM in the middle of a burst, and a publisher that hangs for a while (SIGSTOP)."""

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
    stage: Stage, extent: Extent, chance: random.Random, conclude: Conclude
) -> None:
    """It hands over what it took and says so: nothing comes twice."""
    rounds = extent.rounds(quick=2)
    stage.start()
    with stage.speaker.speaking(_BURST_PER_SECOND):
        for _ in range(rounds):
            time.sleep(chance.uniform(0, _EVERY_S))
            stage.stop_publisher()
    conclude(stage, "SIGTERM publisher in a burst", rounds=rounds)


def test_the_readers_are_stopped_in_a_burst(
    stage: Stage, extent: Extent, chance: random.Random, conclude: Conclude
) -> None:
    """They hand over what they heard, and a gap record tells of the time without them."""
    rounds = extent.rounds(quick=2)
    stage.start()
    with stage.speaker.speaking(_BURST_PER_SECOND):
        for _ in range(rounds):
            time.sleep(chance.uniform(0, _EVERY_S))
            stage.stop_readers()
    conclude(stage, "SIGTERM readers in a burst", rounds=rounds, allowed=Allowed(gaps=True))


def test_the_publisher_hangs(stage: Stage, extent: Extent, conclude: Conclude) -> None:
    """Its readers wait, and nothing comes twice when it goes on."""
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
