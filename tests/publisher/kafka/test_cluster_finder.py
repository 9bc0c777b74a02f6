"""Which cluster `tail` reads, without being told, or told by KAFKA_BROKERS."""

from __future__ import annotations

from pathlib import Path

import pytest

from common.settings import read_settings
from publisher.kafka.cluster_finder import ClusterFinder
from publisher.kafka.embedded import bootstrap_file
from publisher.kafka.properties import Cluster

RUNNING = "127.0.0.1:40001"


def finder(state_dir: Path, brokers: str = "") -> ClusterFinder:
    environment = {"STATE_DIR": str(state_dir), "KAFKA_BROKERS": brokers}
    return ClusterFinder(read_settings(environment), environment)


@pytest.mark.parametrize(
    ("brokers", "runs", "found"),
    [
        pytest.param("kafka:9092", False, Cluster("kafka:9092"), id="set"),
        pytest.param("kafka:9092", True, Cluster("kafka:9092"), id="set, whatever runs here"),
        pytest.param("", True, Cluster(RUNNING, embedded=True), id="embedded one runs"),
        pytest.param("embedded", True, Cluster(RUNNING, embedded=True), id="set to embedded"),
        pytest.param("embedded", False, None, id="embedded one is still to come"),
        pytest.param("", False, Cluster("localhost:9092"), id="nothing set, nothing runs"),
    ],
)
def test_the_cluster_that_is_meant_is_found(
    tmp_path: Path, brokers: str, runs: bool, found: Cluster | None
) -> None:
    """What is set, else the embedded one that runs, else the default."""
    if runs:
        bootstrap_file(tmp_path).write_text(f"{RUNNING}\n")

    assert finder(tmp_path, brokers).find() == found


def test_an_embedded_cluster_that_has_stopped_is_waited_for(tmp_path: Path) -> None:
    """Does not go on with the default's cluster, and takes the new address when it is there."""
    file = bootstrap_file(tmp_path)
    file.write_text(RUNNING)
    look = finder(tmp_path)
    assert look.find() == Cluster(RUNNING, embedded=True)

    file.unlink()
    assert look.find() is None

    file.write_text("127.0.0.1:40002")
    assert look.find() == Cluster("127.0.0.1:40002", embedded=True)
