"""Fixtures that give the tests real parts (Kafka, an IRC server, processes) and clear them away."""

from __future__ import annotations

import os
import signal
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.kafka.broker import KafkaBroker, kafka_broker
from tests.kafka.cluster import KafkaCluster
from tests.kafka.embedded import embedded_kafka
from tests.kafka.jars import kafka_jars
from tests.ngircd import Ngircd, running_ngircd
from tests.process_table import children
from tests.processes import StartProcess, started_processes
from tests.requirements import require_program, unavailable
from tests.toolchains import NoToolchainError
from tests.undertaker import undertaker


@pytest.fixture(scope="session", autouse=True)
def no_process_is_left() -> Iterator[None]:
    """Fail the run, as an error of its last test, when a process it started still runs."""
    yield
    left = [child for child in children(os.getpid()) if child.pid != undertaker().pid]
    commands = [child.command() for child in left]
    for child in left:
        with suppress(ProcessLookupError):
            os.kill(child.pid, signal.SIGKILL)
    if commands:
        pytest.fail(f"the tests left these processes behind: {commands}", pytrace=False)


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """An empty folder for one test, short enough for a Unix socket's path (108 bytes)."""
    with tempfile.TemporaryDirectory(prefix="t-", dir="/tmp") as folder:
        yield Path(folder)


@pytest.fixture
def processes(short_folder: Path) -> Iterator[StartProcess]:
    """A function that starts a program in `short_folder`; whatever it started is killed at the end.

    `processes(python_module("publisher"), {"KAFKA_BROKERS": kafka.bootstrap})` gives a Process.
    """
    with started_processes(short_folder) as start:
        yield start


@pytest.fixture(scope="session")
def real_kafka() -> Iterator[KafkaCluster]:
    """The real Apache Kafka that all tests share: KAFKA_TEST_BROKERS, or one of our own."""
    if brokers := os.environ.get("KAFKA_TEST_BROKERS"):
        yield KafkaCluster(brokers)
        return
    _require_jars()
    with kafka_broker() as broker:
        yield KafkaCluster(broker.bootstrap)


@pytest.fixture(scope="session")
def kafka(request: pytest.FixtureRequest) -> Iterator[KafkaCluster]:
    """The real Kafka where there can be one, else the embedded cluster."""
    cluster: KafkaCluster | None = None
    with suppress(pytest.skip.Exception):
        cluster = request.getfixturevalue("real_kafka")
    if cluster is not None:
        yield cluster
        return
    with embedded_kafka() as bootstrap:
        yield KafkaCluster(bootstrap)


@pytest.fixture
def own_kafka() -> Iterator[KafkaBroker]:
    """A real Apache Kafka for one test alone, which may kill, pause and restart it."""
    if os.environ.get("KAFKA_TEST_BROKERS"):
        unavailable("KAFKA_TEST_BROKERS is set, and no test may restart that cluster")
    _require_jars()
    with kafka_broker() as broker:
        yield broker


@pytest.fixture
def topic() -> str:
    """A topic's name that no other test has; the topic itself is not created."""
    return f"test-{uuid.uuid4().hex}"


@pytest.fixture
def ngircd(short_folder: Path) -> Iterator[Ngircd]:
    """A running ngircd."""
    require_program("ngircd")
    with running_ngircd(short_folder) as server:
        yield server


def _require_jars() -> None:
    problem = ""
    try:
        kafka_jars()
    except NoToolchainError as error:
        problem = str(error)
    if problem:
        unavailable(problem)
