"""A simulated Twitch, an installation with it and a real Kafka, and a clone of the repository."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from simulator.background import BackgroundChatServer
from tests.end_to_end.clones import make_clone
from tests.end_to_end.service import Service, twitch
from tests.kafka.cluster import KafkaCluster
from tests.processes import StartProcess, started_processes


@pytest.fixture
def chat(short_folder: Path) -> Iterator[BackgroundChatServer]:
    """Yield a running simulated Twitch with TLS."""
    with twitch(short_folder) as server:
        yield server


@pytest.fixture(name="twitch")
def plain_twitch() -> Iterator[BackgroundChatServer]:
    """Yield a running simulated Twitch without TLS."""
    with BackgroundChatServer() as server:
        yield server


@pytest.fixture
def service(
    processes: StartProcess,
    chat: BackgroundChatServer,
    short_folder: Path,
    kafka: KafkaCluster,
    topic: str,
) -> Service:
    """Return an installation whose processes do not run yet."""
    return Service(processes, chat, short_folder, kafka.bootstrap, topic)


@pytest.fixture
def clone(short_folder: Path) -> Path:
    """Return a clone in a usual place."""
    return make_clone(short_folder / "clone")


@pytest.fixture
def run(clone: Path) -> Iterator[StartProcess]:
    """Yield a function that starts programs in the clone, without access to packages."""
    with started_processes(clone) as start:
        yield lambda arguments, environment=None: start(
            arguments, {"PIP_NO_INDEX": "1", **(environment or {})}
        )
