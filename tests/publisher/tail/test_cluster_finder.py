"""Which cluster `tail` reads, with and without KAFKA_BROKERS."""

from __future__ import annotations

from pathlib import Path

import pytest

from common.settings import read_settings
from publisher.kafka.embedded import bootstrap_file
from publisher.kafka.properties import Cluster
from publisher.tail.cluster_finder import ClusterFinder

RUNNING = "127.0.0.1:40001"


def finder(state_dir: Path, brokers: str = "") -> ClusterFinder:
    environment = {"STATE_DIR": str(state_dir), "KAFKA_BROKERS": brokers}
    return ClusterFinder(read_settings(environment), environment)


@pytest.mark.parametrize(
    ("brokers", "runs", "found"),
    [
        pytest.param("kafka:9092", False, Cluster("kafka:9092"), id="set"),
        pytest.param(
            "kafka:9092", True, Cluster("kafka:9092"), id="set, although an embedded one runs"
        ),
        pytest.param("", True, Cluster(RUNNING, embedded=True), id="embedded one runs"),
        pytest.param("embedded", True, Cluster(RUNNING, embedded=True), id="set to embedded"),
        pytest.param("embedded", False, None, id="set to embedded, which does not run yet"),
        pytest.param("", False, Cluster("localhost:9092"), id="nothing set, nothing runs"),
    ],
)
def test_the_cluster_is_found(
    tmp_path: Path, brokers: str, runs: bool, found: Cluster | None
) -> None:
    """KAFKA_BROKERS, else the running embedded cluster, else the default."""
    if runs:
        bootstrap_file(tmp_path).write_text(f"{RUNNING}\n")

    assert finder(tmp_path, brokers).find() == found


def test_an_embedded_cluster_that_has_stopped_is_waited_for(tmp_path: Path) -> None:
    """It does not fall back to the default, and finds the new address once it exists."""
    file = bootstrap_file(tmp_path)
    file.write_text(RUNNING)
    cluster_finder = finder(tmp_path)
    assert cluster_finder.find() == Cluster(RUNNING, embedded=True)

    file.unlink()
    assert cluster_finder.find() is None

    file.write_text("127.0.0.1:40002")
    assert cluster_finder.find() == Cluster("127.0.0.1:40002", embedded=True)
