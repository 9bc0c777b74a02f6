"""
The network fails between readers and publisher, and between readers and Twitch.

Readers run on a machine of their own, with a cable to the publisher and one to Twitch.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.faults.conftest import Conclude, Extent, SetStage
from tests.faults.machine import Cable, network_machine
from tests.faults.report import Allowed
from tests.faults.stage import Stage
from tests.kafka.cluster import KafkaCluster
from tests.link_keys import give_keys
from tests.ports import free_port
from tests.processes import StartProcess

_PER_SECOND = 200

#: Ways to cut a cable, until the end of a block.
CUTS: dict[str, Callable[[Cable], AbstractContextManager[None]]] = {
    "both ways": lambda cable: cable.dropping(["in", "out"]),
    "towards the publisher": lambda cable: cable.dropping(["out"]),
    "towards the readers": lambda cable: cable.dropping(["in"]),
    "interface down": lambda cable: cable.unplugged(),
}


class Cables:
    """The readers' machine with its two cables, and the Stage that uses them."""

    def __init__(
        self, processes: StartProcess, set_stage: SetStage, kafka: KafkaCluster, state: Path
    ) -> None:
        machine = network_machine(processes)
        self.link = Cable(machine, "link", 0)
        self.twitch = Cable(machine, "twitch", 1)
        batches, acknowledgements = (f"tcp://{self.link.address}:{free_port()}" for _ in range(2))
        self.stage: Stage = set_stage(
            kafka.bootstrap,
            twitch_host=self.twitch.address,
            readers_on=machine,
            PUBLISHER_BIND=batches,
            PUBLISHER_ENDPOINT=batches,
            PUBLISHER_ACK_BIND=acknowledgements,
            PUBLISHER_ACK_ENDPOINT=acknowledgements,
            **give_keys(state, state),
        )


@pytest.fixture
def cables(
    processes: StartProcess, set_stage: SetStage, real_kafka: KafkaCluster, short_folder: Path
) -> Cables:
    """Return two working cables and a Stage whose processes do not run yet."""
    return Cables(processes, set_stage, real_kafka, short_folder / "var")


@pytest.mark.parametrize("way", CUTS)
def test_the_link_is_cut(cables: Cables, extent: Extent, conclude: Conclude, way: str) -> None:
    """Messages wait in the outboxes meanwhile; there are no duplicates."""
    seconds = extent.seconds(quick=2, full=20)
    cables.stage.start()
    with cables.stage.speaker.speaking(_PER_SECOND):
        time.sleep(0.5)
        with CUTS[way](cables.link):
            time.sleep(seconds)
        time.sleep(0.5)
    conclude(
        cables.stage,
        f"link cut {way}, {seconds:.0f} s",
        allowed=Allowed(least_silence_s=seconds / 2),
    )


def test_the_link_is_reset(
    cables: Cables, extent: Extent, rng: random.Random, conclude: Conclude
) -> None:
    """Batches in flight are lost and sent again; there are no duplicates."""
    rounds = extent.rounds(quick=2)
    cables.stage.start()
    killed = 0
    with cables.stage.speaker.speaking(_PER_SECOND):
        for _ in range(rounds):
            time.sleep(rng.uniform(0.5, 2))
            # So that batches are in flight.
            with cables.link.dropping(["out"]):
                time.sleep(0.2)
                killed += cables.link.reset_connections()
        time.sleep(0.5)
    assert killed >= rounds, "a round had no connection to reset"
    conclude(cables.stage, "TCP reset of the link", rounds=rounds)


def test_twitch_is_out_of_reach(cables: Cables, extent: Extent, conclude: Conclude) -> None:
    """Messages of that time arrive late, or a gap record covers them."""
    seconds = extent.seconds(quick=2, full=30)
    cables.stage.start()
    with cables.stage.speaker.speaking(_PER_SECOND):
        time.sleep(0.5)
        with cables.twitch.dropping(["in", "out"]):
            time.sleep(seconds)
        time.sleep(0.5)
    conclude(
        cables.stage,
        f"Twitch out of reach, {seconds:.0f} s",
        allowed=Allowed(gaps=extent.full, least_silence_s=seconds / 2),
    )
