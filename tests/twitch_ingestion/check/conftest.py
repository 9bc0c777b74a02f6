"""Runs `twitch-ingestion check` in a folder of its own, and reads what it prints."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pytest

from tests.kafka.acls import Acls
from tests.kafka.cluster import KafkaCluster
from tests.ports import free_port
from tests.processes import REPOSITORY, base_environment
from tests.requirements import unavailable

SCRIPT = Path(sys.executable).with_name("twitch-ingestion")


@dataclass(frozen=True)
class Checked:
    """What a check has printed, and its exit status."""

    status: int
    output: str

    def texts(self, subject: str, level: str) -> list[str]:
        """Return what the lines about *subject* with *level* say."""
        start = f"{level:<8} {subject:<11} "
        return [
            line.removeprefix(start) for line in self.output.splitlines() if line.startswith(start)
        ]

    def text(self, subject: str, level: str) -> str:
        """Return what the only line about *subject* with *level* says."""
        texts = self.texts(subject, level)
        assert len(texts) == 1, self.output
        return texts[0]


class Check(Protocol):
    """How a test runs the check: see the fixture `check`."""

    def __call__(self, **settings: str) -> Checked:
        """Run it with *settings* in the environment."""


@pytest.fixture
def folder(short_folder: Path) -> Path:
    """Return the folder that the check runs in: an installation that reads one channel."""
    shutil.copy(REPOSITORY / "supervisord.conf", short_folder)
    (short_folder / "channels.conf").write_text("somechannel\n")
    (short_folder / "var").mkdir()
    return short_folder


@pytest.fixture
def check(folder: Path) -> Check:
    """Return a function that runs the check in `folder`, with an address that nobody listens at."""
    ports = free_port(), free_port()
    addresses = [f"tcp://127.0.0.1:{port}" for port in ports]
    defaults = {
        "KAFKA_BROKERS": "embedded",
        "PUBLISHER_BIND": addresses[0],
        "PUBLISHER_ACK_BIND": addresses[1],
        "PUBLISHER_ENDPOINT": addresses[0],
        "PUBLISHER_ACK_ENDPOINT": addresses[1],
    }

    def run(**settings: str) -> Checked:
        finished = subprocess.run(
            [SCRIPT, "check"],
            cwd=folder,
            env=base_environment() | defaults | settings,
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )
        assert finished.stderr == ""
        return Checked(finished.returncode, finished.stdout)

    return run


def kafka_settings(bootstrap: str, topic: str, **more: str) -> dict[str, str]:
    """Return the settings for *bootstrap*, with names of topics that begin with *topic*."""
    return {
        "KAFKA_BROKERS": bootstrap,
        "KAFKA_TOPIC_CHAT_MESSAGES": topic,
        "KAFKA_TOPIC_CHAT_EVENTS": f"{topic}-events",
        "KAFKA_TOPIC_CHAT_GAPS": f"{topic}-gaps",
        "KAFKA_TOPIC_DEAD_LETTERS": f"{topic}-dead",
        "KAFKA_TOPIC_PROGRESS": f"{topic}-progress",
        "KAFKA_TOPIC_PARTITIONS": "1",
        **more,
    }


@pytest.fixture
def acls(real_kafka: KafkaCluster) -> Acls:
    """The permissions of the publisher, none at first."""
    if not real_kafka.login_bootstrap:
        unavailable("KAFKA_TEST_BROKERS has no listener on which ACLs count")
    return Acls(real_kafka.bootstrap)
