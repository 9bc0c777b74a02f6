"""A simulated Twitch, and an installation with it and a real Kafka."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from simulator.background import BackgroundChatServer
from tests.end_to_end.service import Service, twitch
from tests.kafka.cluster import KafkaCluster
from tests.processes import StartProcess


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
