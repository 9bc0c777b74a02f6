"""The disk under the outboxes is full."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.faults.conftest import Conclude, Extent, SetStage
from tests.faults.machine import Machine, machine_with_small_disk
from tests.faults.report import Allowed
from tests.faults.stage import CHANNELS, Stage
from tests.kafka.cluster import KafkaCluster
from tests.processes import StartProcess, wait_for_line

_PER_SECOND = 600
_DISK_KIB = 1024
_LOGGED_WITHIN_S = 60
_PADDING = " " + "x" * 400


@pytest.fixture
def disk(processes: StartProcess, short_folder: Path) -> Machine:
    """Return a machine with a small disk under the outboxes."""
    return machine_with_small_disk(processes, short_folder / "var" / "outbox", _DISK_KIB)


@pytest.fixture
def stage(set_stage: SetStage, real_kafka: KafkaCluster, disk: Machine) -> Stage:
    """Return a Stage whose readers have a small disk. Nothing runs yet."""
    return set_stage(real_kafka.bootstrap, readers_on=disk, padding=_PADDING)


def _make_room(disk: Machine, folder: Path) -> None:
    disk.run("mount", "-o", "remount,size=1g", str(folder / "var" / "outbox"))


def _wait_until_all_log(stage: Stage, what: str) -> None:
    for reader in stage.readers.values():
        wait_for_line(reader, what, _LOGGED_WITHIN_S)


def test_the_disk_is_full_until_there_is_room(
    stage: Stage, disk: Machine, short_folder: Path, extent: Extent, conclude: Conclude
) -> None:
    """Then messages in memory are written to disk: they arrive although readers are killed."""
    seconds = extent.seconds(quick=2, full=20)
    stage.start_readers()
    with stage.speaker.speaking(_PER_SECOND):
        _wait_until_all_log(stage, "keeping messages in memory")
        time.sleep(seconds)
        _make_room(disk, short_folder)
        _wait_until_all_log(stage, "can be written again")
        stage.speaker.check_received()
        stage.kill(readers=CHANNELS)
        stage.start_publisher()
        time.sleep(0.5)
    conclude(stage, "disk full, then kill -9 readers", allowed=Allowed(gaps=True))


def test_the_disk_is_full_and_the_publisher_starts(
    stage: Stage, disk: Machine, short_folder: Path, extent: Extent, conclude: Conclude
) -> None:
    """Messages on disk and messages in memory arrive in order."""
    seconds = extent.seconds(quick=2, full=20)
    stage.start_readers()
    with stage.speaker.speaking(_PER_SECOND):
        _wait_until_all_log(stage, "keeping messages in memory")
        time.sleep(seconds)
        stage.start_publisher()
        stage.wait_until_ready()
        time.sleep(0.5)
    stage.say_and_read()
    _make_room(disk, short_folder)
    _wait_until_all_log(stage, "can be written again")
    conclude(stage, "disk full, publisher starts")


def test_the_disk_is_full_and_readers_are_killed(
    stage: Stage, disk: Machine, short_folder: Path, extent: Extent, conclude: Conclude
) -> None:
    """What was only in memory is lost, and a gap record covers all of it."""
    seconds = extent.seconds(quick=8, full=20)
    stage.start_readers()
    with stage.speaker.speaking(_PER_SECOND):
        _wait_until_all_log(stage, "keeping messages in memory")
        # Longer than a message can be late, and than a reader takes to store its presence.
        time.sleep(seconds)
        stage.kill(readers=CHANNELS, meanwhile=lambda: _make_room(disk, short_folder))
        stage.speaker.forget_received()
        _wait_until_all_log(stage, "in the channel")
        stage.start_publisher()
        time.sleep(0.5)
    allowed = Allowed(gaps=True, renumbering=True, drops=True)
    conclude(stage, "disk full, kill -9 readers", allowed=allowed)


def test_the_disk_is_full_and_readers_are_stopped(
    stage: Stage, disk: Machine, short_folder: Path, conclude: Conclude
) -> None:
    """
    Seqs of messages that were sent from memory are not used again: readers begin with new seqs.

    Messages whose acknowledgements could not be written to disk are duplicated.
    """
    stage.start()
    with stage.speaker.speaking(_PER_SECOND):
        _wait_until_all_log(stage, "keeping messages in memory")
        time.sleep(0.5)
        stage.stop_readers(meanwhile=lambda: _make_room(disk, short_folder))
        time.sleep(0.5)
    conclude(stage, "disk full, SIGTERM readers", allowed=Allowed(gaps=True, renumbering=True))
