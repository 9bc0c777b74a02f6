"""kill -9 at random moments, also while what was killed is only just starting again."""

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
    stage: Stage, extent: Extent, chance: random.Random, conclude: Conclude
) -> None:
    """What Kafka had and no reader had heard of may come twice; nothing else."""
    rounds = extent.rounds(quick=2)
    stage.start()
    with stage.speaker.speaking(_PER_SECOND):
        for _ in range(rounds):
            time.sleep(chance.uniform(0, _EVERY_S))
            stage.kill(publisher=True)
    conclude(stage, "kill -9 publisher", rounds=rounds)


def test_a_reader_is_killed(
    stage: Stage, extent: Extent, chance: random.Random, conclude: Conclude
) -> None:
    """What it had heard arrives, and a gap record tells of the time that it was away."""
    rounds = extent.rounds(quick=2)
    stage.start()
    with stage.speaker.speaking(_PER_SECOND):
        for _ in range(rounds):
            time.sleep(chance.uniform(0, _EVERY_S))
            stage.kill(readers=[chance.choice(CHANNELS)])
    conclude(stage, "kill -9 reader", rounds=rounds, allowed=Allowed(gaps=True))


@pytest.mark.each_delivery
def test_the_publisher_and_a_reader_are_killed_together(
    stage: Stage, extent: Extent, chance: random.Random, conclude: Conclude
) -> None:
    """Both promises hold at once."""
    rounds = extent.rounds(quick=2)
    stage.start()
    with stage.speaker.speaking(_PER_SECOND):
        for _ in range(rounds):
            time.sleep(chance.uniform(0, _EVERY_S))
            stage.kill(publisher=True, readers=[chance.choice(CHANNELS)])
    conclude(stage, "kill -9 publisher and reader", rounds=rounds, allowed=Allowed(gaps=True))
