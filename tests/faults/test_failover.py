"""A publisher's host is lost: readers turn to the next one, and back when the first returns."""

from __future__ import annotations

import pytest

from tests.faults.conftest import Conclude, Extent, SetStage
from tests.kafka.cluster import KafkaCluster
from tests.ports import free_port

_PER_SECOND = 200


@pytest.mark.at_least_once
def test_readers_turn_to_the_next_publisher_and_back(
    set_stage: SetStage, real_kafka: KafkaCluster, extent: Extent, conclude: Conclude
) -> None:
    """What the lost one had not acknowledged, the next one gets."""
    rounds = extent.rounds(quick=1, full=5)
    first, second = ([f"tcp://127.0.0.1:{free_port()}" for _ in range(2)] for _ in range(2))
    stage = set_stage(
        real_kafka.bootstrap,
        PUBLISHER_BIND=first[0],
        PUBLISHER_ACK_BIND=first[1],
        PUBLISHER_ENDPOINT=f"{first[0]},{second[0]}",
        PUBLISHER_ACK_ENDPOINT=f"{first[1]},{second[1]}",
    )
    stage.start()
    stage.start_standby(*second)
    with stage.speaker.speaking(_PER_SECOND):
        for number in range(rounds):
            stage.lose_publisher()
            stage.wait_until_turned(times=2 * number + 1)
            stage.start_publisher()
            stage.wait_until_turned(times=2 * number + 2)
    conclude(stage, "kill -9 publisher, turn to the next", rounds=rounds)
