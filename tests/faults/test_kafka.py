"""Kafka is killed (SIGKILL) and restarted with its data."""

from __future__ import annotations

import random
import time

import pytest

from tests.faults.conftest import Conclude, Extent, SetStage
from tests.faults.report import Allowed
from tests.kafka.broker import KafkaBroker


def test_kafka_is_killed_and_restarted(
    set_stage: SetStage,
    own_kafka: KafkaBroker,
    extent: Extent,
    rng: random.Random,
    conclude: Conclude,
) -> None:
    """The publisher retries until Kafka has each message, once."""
    rounds = extent.rounds(quick=1)
    stage = set_stage(own_kafka.bootstrap)
    stage.start()
    with stage.speaker.speaking(200):
        for _ in range(rounds):
            time.sleep(rng.uniform(0, 3))
            own_kafka.kill()
            own_kafka.start()
        time.sleep(0.5)
    conclude(stage, "Kafka killed and restarted", rounds=rounds)


def test_kafka_is_down_for_long(
    set_stage: SetStage, own_kafka: KafkaBroker, extent: Extent, conclude: Conclude
) -> None:
    """At a thousand messages a second: the outboxes store them and deliver them later."""
    seconds = extent.seconds(quick=2, full=30)
    stage = set_stage(own_kafka.bootstrap)
    stage.start()
    with stage.speaker.speaking(1000):
        time.sleep(0.5)
        own_kafka.kill()
        time.sleep(seconds)
        own_kafka.start()
        time.sleep(0.5)
    conclude(
        stage,
        f"Kafka down, {seconds:.0f} s at 1,000/s",
        allowed=Allowed(least_silence_s=seconds / 2),
    )


@pytest.mark.each_delivery
def test_the_publisher_is_killed_while_kafka_is_down(
    set_stage: SetStage, own_kafka: KafkaBroker, conclude: Conclude
) -> None:
    """Its unconfirmed batches were not acknowledged; its successor receives them again."""
    stage = set_stage(own_kafka.bootstrap)
    stage.start()
    with stage.speaker.speaking(1000):
        own_kafka.kill()
        time.sleep(1)
        stage.kill(publisher=True)
        own_kafka.start()
        time.sleep(0.5)
    conclude(stage, "Kafka down, then kill -9 publisher")
