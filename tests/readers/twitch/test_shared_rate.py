"""A rate that processes keep together."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import pytest

from readers.twitch import shared_rate
from readers.twitch.shared_rate import SharedRate


class Clock:
    """A clock that is moved by hand."""

    now = 100.0

    def __call__(self) -> float:
        """Return the time in seconds."""
        return self.now


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where the times are kept; the folder is not there yet."""
    return tmp_path / "limits" / "joins.json"


def test_the_first_actions_are_free_and_the_next_one_waits(path: Path) -> None:
    """Three in ten seconds: the fourth comes ten seconds after the first."""
    clock = Clock()
    rate = SharedRate(path, 3, 10.0, clock)
    waits = []
    for _ in range(4):
        waits.append(rate.take())
        clock.now += 1
    assert waits == [0, 0, 0, 7]


def test_in_no_period_are_there_more_than_allowed(path: Path) -> None:
    """However many ask at once: first come, first served, and all in order."""
    clock = Clock()
    rate = SharedRate(path, 18, 12.0, clock)
    times = [clock.now + rate.take() for _ in range(200)]
    assert times == sorted(times)
    assert all(later - earlier >= 12.0 for earlier, later in zip(times, times[18:], strict=False))
    assert times[-1] - times[0] == (199 // 18) * 12.0


def test_after_a_pause_actions_are_free_again(path: Path) -> None:
    """What lies further back than a period does not count."""
    clock = Clock()
    rate = SharedRate(path, 1, 10.0, clock)
    rate.take()
    clock.now += 10
    assert rate.take() == 0


def test_processes_share_it(path: Path) -> None:
    """Many processes that ask at the same moment get as many different times."""
    program = (
        "import sys, time; from pathlib import Path;"
        "from readers.twitch.shared_rate import SharedRate;"
        "print(time.monotonic() + SharedRate(Path(sys.argv[1]), 1, 1000.0).take())"
    )
    processes = [
        subprocess.Popen([sys.executable, "-c", program, path], stdout=subprocess.PIPE)
        for _ in range(8)
    ]
    times = sorted(float(process.communicate(timeout=60)[0]) for process in processes)
    assert all(later - earlier > 900 for earlier, later in pairwise(times))


def test_a_process_that_is_killed_holds_nobody_up(path: Path) -> None:
    """Its time goes by unused; the lock went with it."""
    program = (
        "import sys, time; from pathlib import Path;"
        "from readers.twitch.shared_rate import SharedRate;"
        "SharedRate(Path(sys.argv[1]), 1, 1000.0).take();"
        "print('taken', flush=True); time.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", program, path], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"taken\n"
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)
    assert 0 < SharedRate(path, 1, 1000.0).take() <= 1000


@pytest.mark.parametrize(
    "content", [b"", b"garbage", b'{"version": 99, "boot": "x", "taken": [1]}']
)
def test_a_file_that_cannot_be_read_counts_as_none(path: Path, content: bytes) -> None:
    """It is replaced."""
    path.parent.mkdir()
    path.write_bytes(content)
    rate = SharedRate(path, 1, 1000.0)
    assert rate.take() == 0
    assert rate.take() > 0
    assert json.loads(path.read_bytes())["version"] == shared_rate.VERSION


def test_times_are_void_after_a_boot(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock has begun anew."""
    SharedRate(path, 1, 10.0, lambda: time.monotonic() + 10**6).take()
    monkeypatch.setattr(shared_rate, "boot_id", lambda: "another boot")
    assert SharedRate(path, 1, 10.0).take() == 0
