"""A publisher's host is lost: readers switch to the next publisher, and back on its return."""

from __future__ import annotations

import pytest

from tests.faults.conftest import Conclude, Extent, SetStage
from tests.kafka.cluster import KafkaCluster
from tests.ports import free_port

_PER_SECOND = 200


@pytest.mark.at_least_once
def test_readers_switch_to_the_next_publisher_and_back(
    set_stage: SetStage, real_kafka: KafkaCluster, extent: Extent, conclude: Conclude
) -> None:
    """The next publisher receives the batches that the lost one had not acknowledged."""
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
            stage.wait_until_switched(times=2 * number + 1)
            stage.start_publisher()
            stage.wait_until_switched(times=2 * number + 2)
    conclude(stage, "kill -9 publisher, switch to the next", rounds=rounds)
