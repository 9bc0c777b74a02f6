"""The publisher is killed at random moments of its transactions; there are no duplicates."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.kafka.cluster import KafkaCluster
from tests.processes import StartProcess
from tests.publisher.books import status_of
from tests.publisher.delivery.exactly_once import (
    PersistentReader,
    committed,
    settle,
    start_exactly_once,
)
from tests.publisher.peer import connected_readers

_NAMES = ("ann/00", "bob/00")
_ROUNDS = 6


@pytest.mark.parametrize("seed", [1])
def test_a_publisher_that_is_killed_repeatedly_publishes_each_record_once(
    processes: StartProcess,
    real_kafka: KafkaCluster,
    topic: str,
    short_folder: Path,
    seed: int,
) -> None:
    """The records of two readers, each once and in order."""
    rng = random.Random(seed)
    readers = [PersistentReader(name) for name in _NAMES]
    for _ in range(_ROUNDS):
        publisher = start_exactly_once(processes, real_kafka.bootstrap, topic)
        with connected_readers(publisher, *_NAMES) as peers:
            for reader, peer in zip(readers, peers, strict=True):
                reader.connect(peer)
            for _ in range(rng.randrange(1, 40)):
                for reader, peer in zip(readers, peers, strict=True):
                    reader.model.append(rng.randrange(1, 20))
                    reader.exchange()
                    # A transaction takes some 60 ms.
                    peer.wait_for_anything(rng.uniform(0, 0.01))
            publisher.process.kill()
    last = start_exactly_once(processes, real_kafka.bootstrap, topic)
    with connected_readers(last, *_NAMES) as peers:
        for reader, peer in zip(readers, peers, strict=True):
            reader.connect(peer)
        settle(readers)

    for reader in readers:
        published = committed(real_kafka.bootstrap, topic, reader.model.name)
        assert published == list(range(1, reader.model.last_seq + 1))
    status = status_of(short_folder / "var")
    assert status.unconfirmed == 0
    committed_records = sum(reader.model.last_seq for reader in readers)
    # A commit may have succeeded before its publisher saw that, and is then no longer taken.
    assert status.published[topic] <= committed_records
    assert committed_records <= status.published[topic] + status.abandoned
