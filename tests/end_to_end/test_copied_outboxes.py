"""
An outbox is restored from a backup, or its folder is copied to another host: its numbers are used
for other messages. Nothing is lost.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from common.chat_message import decode_chat_message
from tests.end_to_end.service import START_WITHIN_S, Service, twitch
from tests.kafka.cluster import KafkaCluster
from tests.processes import Process, StartProcess, wait_for_line
from tests.topics import read_all

CHANNEL = "xqc"

#: Messages in each step.
_COUNT = 20

_AT_LEAST_ONCE: Mapping[str, str] = {}
_EXACTLY_ONCE = {"DELIVERY": "exactly-once"}
_DEDUPLICATED = {"DEDUPLICATE": "true"}


class CopiedService(Service):
    """An installation whose folder of outboxes is copied."""

    def speak(self, text: str) -> list[str]:
        """Say *text* in the channel, numbered; return the texts once all readers have them."""
        texts = [f"{text} {number}" for number in range(_COUNT)]
        for each in texts:
            self.say(CHANNEL, each)
        self.wait_until_received(CHANNEL)
        return texts

    def copy(self, source: str, target: str) -> None:
        """Replace the folder *target* with a copy of the folder *source*."""
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(source, target)

    def read_at(self, state_dir: str) -> Process:
        """Start a reader with its outbox in *state_dir*, and return once it is in the channel."""
        return self.start_reader(CHANNEL, STATE_DIR=state_dir)


@pytest.fixture
def service(
    request: pytest.FixtureRequest,
    processes: StartProcess,
    short_folder: Path,
    real_kafka: KafkaCluster,
    topic: str,
) -> Iterator[CopiedService]:
    """Yield an installation with a running publisher. The parameter is its settings."""
    with twitch(short_folder) as chat:
        service = CopiedService(
            processes, chat, short_folder, real_kafka.bootstrap, topic, **request.param
        )
        wait_for_line(service.start_publisher(), "is ready", START_WITHIN_S)
        yield service


def published(service: CopiedService) -> set[str]:
    """Return the texts in Kafka."""
    environment = service.environment
    records = read_all(
        environment["KAFKA_BROKERS"],
        environment["KAFKA_TOPIC_CHAT_MESSAGES"],
        timeout_s=START_WITHIN_S,
        isolation="read_committed",
    )
    return {decode_chat_message(record.value).message for record in records}


@pytest.mark.parametrize("service", [_AT_LEAST_ONCE, _EXACTLY_ONCE], indirect=True)
def test_a_restored_outbox_loses_nothing(service: CopiedService, short_folder: Path) -> None:
    """The reader takes a new name, and says so once."""
    original, backup = str(short_folder / "var"), str(short_folder / "backup")
    reader = service.read_at(original)
    texts = service.speak("before the backup")
    assert reader.stop() == 0
    service.copy(original, backup)
    reader = service.read_at(original)
    texts += service.speak("after the backup")
    assert reader.stop() == 0
    service.copy(backup, original)
    reader = service.read_at(original)
    texts += service.speak("restored")
    assert reader.stop() == 0
    assert set(texts) - published(service) == set()
    assert reader.output().count("its outbox is a copy, or was copied") == 1
    assert "are not acknowledged" not in reader.output()


@pytest.mark.parametrize("service", [_EXACTLY_ONCE, _DEDUPLICATED], indirect=True)
def test_a_cloned_outbox_loses_nothing(service: CopiedService, short_folder: Path) -> None:
    """The clone runs beside the original, which is ahead of it, and goes on alone."""
    original, clone = str(short_folder / "var"), str(short_folder / "clone")
    reader = service.read_at(original)
    texts = service.speak("before the copy")
    assert reader.stop() == 0
    service.copy(original, clone)
    reader = service.read_at(original)
    texts += service.speak("original alone")
    other = service.read_at(clone)
    texts += service.speak("both")
    assert reader.stop() == 0
    texts += service.speak("clone alone")
    assert other.stop() == 0
    assert set(texts) - published(service) == set()
    outputs = reader.output() + other.output()
    assert "its outbox is a copy, or was copied" in outputs
    assert "are not acknowledged" not in outputs
