"""The publisher is killed at any moment of its transactions, and what is committed stays single."""

from __future__ import annotations

import random

import pytest

from tests.kafka.cluster import KafkaCluster
from tests.processes import StartProcess
from tests.publisher.delivery.exactly_once import (
    LastingReader,
    committed,
    settle,
    start_exactly_once,
)
from tests.publisher.peer import connected_readers

_NAMES = ("ann/00", "bob/00")
_ROUNDS = 6


@pytest.mark.parametrize("seed", [1])
def test_a_publisher_that_is_killed_over_and_over_publishes_each_record_once(
    processes: StartProcess, real_kafka: KafkaCluster, topic: str, seed: int
) -> None:
    """Each of two readers' records is there once, in order, whatever had reached Kafka."""
    chance = random.Random(seed)
    readers = [LastingReader(name) for name in _NAMES]
    for _ in range(_ROUNDS):
        publisher = start_exactly_once(processes, real_kafka.bootstrap, topic)
        with connected_readers(publisher, *_NAMES) as peers:
            for reader, peer in zip(readers, peers, strict=True):
                reader.connect(peer)
            for _ in range(chance.randrange(1, 40)):
                for reader, peer in zip(readers, peers, strict=True):
                    reader.model.append(chance.randrange(1, 20))
                    reader.turn()
                    # A transaction takes some 60 ms.
                    peer.wait_for_anything(chance.uniform(0, 0.01))
            publisher.process.kill()
    last = start_exactly_once(processes, real_kafka.bootstrap, topic)
    with connected_readers(last, *_NAMES) as peers:
        for reader, peer in zip(readers, peers, strict=True):
            reader.connect(peer)
        settle(readers)

    for reader in readers:
        published = committed(real_kafka.bootstrap, topic, reader.model.name)
        assert published == list(range(1, reader.model.last_seq + 1))
