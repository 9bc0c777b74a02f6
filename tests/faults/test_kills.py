"""kill -9 at random moments, also while a killed process is restarting."""

from __future__ import annotations

import random
import time

import pytest

from tests.faults.conftest import Conclude, Extent
from tests.faults.report import Allowed
from tests.faults.stage import CHANNELS, Stage

_PER_SECOND = 200
_EVERY_S = 2.0


@pytest.mark.each_delivery
def test_the_publisher_is_killed(
    stage: Stage, extent: Extent, rng: random.Random, conclude: Conclude
) -> None:
    """With at-least-once, written but unacknowledged messages are duplicated, and no others."""
    rounds = extent.rounds(quick=2)
    stage.start()
    with stage.speaker.speaking(_PER_SECOND):
        for _ in range(rounds):
            time.sleep(rng.uniform(0, _EVERY_S))
            stage.kill(publisher=True)
    conclude(stage, "kill -9 publisher", rounds=rounds)


def test_a_reader_is_killed(
    stage: Stage, extent: Extent, rng: random.Random, conclude: Conclude
) -> None:
    """Its received messages arrive, and a gap record covers its absence."""
    rounds = extent.rounds(quick=2)
    stage.start()
    with stage.speaker.speaking(_PER_SECOND):
        for _ in range(rounds):
            time.sleep(rng.uniform(0, _EVERY_S))
            stage.kill(readers=[rng.choice(CHANNELS)])
    conclude(stage, "kill -9 reader", rounds=rounds, allowed=Allowed(gaps=True))


@pytest.mark.each_delivery
def test_the_publisher_and_a_reader_are_killed_together(
    stage: Stage, extent: Extent, rng: random.Random, conclude: Conclude
) -> None:
    """Both guarantees hold together."""
    rounds = extent.rounds(quick=2)
    stage.start()
    with stage.speaker.speaking(_PER_SECOND):
        for _ in range(rounds):
            time.sleep(rng.uniform(0, _EVERY_S))
            stage.kill(publisher=True, readers=[rng.choice(CHANNELS)])
    conclude(stage, "kill -9 publisher and reader", rounds=rounds, allowed=Allowed(gaps=True))
