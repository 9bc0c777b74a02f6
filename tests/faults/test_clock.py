"""The time of day is set back for the readers and the publisher while they run."""

from __future__ import annotations

import re
import struct
import subprocess
import time
from pathlib import Path

import pytest

from tests.faults.conftest import Conclude, Extent, SetStage
from tests.kafka.cluster import KafkaCluster
from tests.processes import Process
from tests.requirements import require_program

_SOURCE = Path(__file__).with_name("shifted_clock.c")
_STEP_BACK_S = 3600
_COMPILE_WITHIN_S = 30


class Clock:
    """A clock that replaces this machine's for some processes; see shifted_clock.c."""

    def __init__(self, folder: Path) -> None:
        """Compile the library into *folder*."""
        require_program("cc")
        #: The library to preload into a process, and the file with the clock's offset.
        self.library, self.file = folder / "shifted_clock.so", folder / "clock"
        command = ["cc", "-O1", "-shared", "-fPIC", "-o", str(self.library), str(_SOURCE), "-ldl"]
        subprocess.run(command, check=True, timeout=_COMPILE_WITHIN_S)
        self.file.write_bytes(bytes(8))

    def shift(self, seconds: int) -> None:
        """Set the clock's offset from this machine's clock to *seconds*."""
        with self.file.open("r+b") as file:
            file.write(struct.pack("=q", seconds * 10**9))


@pytest.fixture
def clock(short_folder: Path) -> Clock:
    """Return a clock without an offset."""
    return Clock(short_folder)


def _log_times(process: Process) -> list[str]:
    """Return the timestamps of the log lines of *process*."""
    return re.findall(r"^\d{4}-\d\d-\d\d [\d:.]+", process.output(), re.MULTILINE)


@pytest.mark.each_delivery
def test_the_clock_is_set_back(
    set_stage: SetStage,
    real_kafka: KafkaCluster,
    clock: Clock,
    extent: Extent,
    conclude: Conclude,
) -> None:
    """That has no effect."""
    rounds = extent.rounds(quick=2)
    stage = set_stage(
        real_kafka.bootstrap,
        LD_PRELOAD=str(clock.library),
        SHIFTED_CLOCK=str(clock.file),
    )
    stage.start()
    with stage.speaker.speaking(200):
        for number in range(1, rounds + 1):
            time.sleep(0.5)
            clock.shift(-number * _STEP_BACK_S)
        time.sleep(0.5)
    conclude(stage, "clock set back", rounds=rounds)
    for process in (stage.publisher, *stage.readers.values()):
        times = _log_times(process)
        assert times[-1] < times[0], f"the clock was not set back: {process.tail()}"
