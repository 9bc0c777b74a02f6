"""Fixtures that give the tests real parts (Kafka, an IRC server, processes) and clear them away."""

from __future__ import annotations

import os
import signal
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests.kafka.broker import KafkaBroker, kafka_broker
from tests.kafka.cluster import KafkaCluster
from tests.kafka.embedded import embedded_kafka
from tests.kafka.prepared import prepared_kafka
from tests.kafka.shared import ask_for_kafka, shared_kafka
from tests.ngircd import Ngircd, running_ngircd
from tests.process_table import children
from tests.processes import StartProcess, let_programs_be_interrupted, started_processes
from tests.requirements import require_program, unavailable
from tests.toolchains import NoToolchainError
from tests.undertaker import undertaker

pytest_plugins = ["tests.faults.options"]

# No test of properties measures speed, and a busy machine stops any example for longer.
settings.register_profile(
    "any speed", settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
)
settings.load_profile("any speed")

_MOST_WORKERS = 8

_shared_kafka = pytest.StashKey[str]()
_of_this_run = pytest.StashKey[ExitStack]()


def pytest_configure(config: pytest.Config) -> None:
    """Prepare the Kafka that all workers of pytest-xdist share."""
    let_programs_be_interrupted()
    stack = config.stash[_of_this_run] = ExitStack()
    worker_input = getattr(config, "workerinput", None)
    if worker_input is not None:
        config.stash[_shared_kafka] = worker_input["shared_kafka"]
    elif config.getoption("numprocesses", None):
        config.stash[_shared_kafka] = stack.enter_context(shared_kafka())


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Let the worker *node* know of the shared Kafka (a hook of pytest-xdist)."""
    node.workerinput["shared_kafka"] = node.config.stash[_shared_kafka]


def pytest_unconfigure(config: pytest.Config) -> None:
    """End what the run has shared."""
    if stack := config.stash.get(_of_this_run, None):
        stack.close()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Return the workers for `-n auto`: none for a chosen few tests, which then start sooner."""
    option = config.option
    chosen = option.keyword or option.markexpr or option.lf or option.capture == "no"
    chosen = chosen or any("::" in argument or ".py" in argument for argument in config.args)
    # Most tests wait most of the time. Each worker may start a Kafka of its own.
    return 0 if chosen else min(2 * len(os.sched_getaffinity(0)), _MOST_WORKERS)


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
def real_kafka(request: pytest.FixtureRequest) -> Iterator[KafkaCluster]:
    """The real Apache Kafka that all tests share: KAFKA_TEST_BROKERS, or one of our own."""
    if brokers := os.environ.get("KAFKA_TEST_BROKERS"):
        yield KafkaCluster(brokers)
        return
    _require_kafka()
    if of_all_workers := request.config.stash.get(_shared_kafka, ""):
        yield ask_for_kafka(of_all_workers)
        return
    with kafka_broker(short_lived=True) as broker:
        yield broker.cluster


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
def own_kafka(request: pytest.FixtureRequest) -> Iterator[KafkaBroker]:
    """
    A real Apache Kafka for one test alone, which may kill, pause and restart it.

    An indirect parameter has lines for its server.properties.
    """
    if os.environ.get("KAFKA_TEST_BROKERS"):
        unavailable("KAFKA_TEST_BROKERS is set, and no test may restart that cluster")
    _require_kafka()
    more = getattr(request, "param", "")
    with kafka_broker(short_lived=True, more_properties=more) as broker:
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


def _require_kafka() -> None:
    problem = ""
    try:
        prepared_kafka()
    except NoToolchainError as error:
        problem = str(error)
    if problem:
        unavailable(problem)
