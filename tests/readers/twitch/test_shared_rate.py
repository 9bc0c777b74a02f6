"""A rate limit that several processes share."""

from __future__ import annotations

import fcntl
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
    """A clock that the test sets."""

    now = 100.0

    def __call__(self) -> float:
        """Return the time in seconds."""
        return self.now


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the path of the stored times. Its folder does not exist yet."""
    return tmp_path / "limits" / "joins.json"


def test_the_first_actions_are_immediate_and_the_next_one_waits(path: Path) -> None:
    """With three actions in ten seconds, the fourth comes ten seconds after the first."""
    clock = Clock()
    rate = SharedRate(path, 3, 10.0, clock)
    waits = []
    for _ in range(4):
        waits.append(rate.take())
        clock.now += 1
    assert waits == [0, 0, 0, 7]


def test_no_period_has_more_actions_than_allowed(path: Path) -> None:
    """For any number of callers at once: first come, first served."""
    clock = Clock()
    rate = SharedRate(path, 18, 12.0, clock)
    times = [clock.now + rate.take() for _ in range(200)]
    assert times == sorted(times)
    assert all(later - earlier >= 12.0 for earlier, later in zip(times, times[18:], strict=False))
    assert times[-1] - times[0] == (199 // 18) * 12.0
    # The file does not grow with the number of actions.
    assert json.loads(path.read_bytes())["taken"] == times[-18:]
    assert len(json.loads(path.read_bytes())["taken"]) == 18


def test_after_a_pause_actions_are_immediate_again(path: Path) -> None:
    """Only the actions of the last period count."""
    clock = Clock()
    rate = SharedRate(path, 1, 10.0, clock)
    rate.take()
    clock.now += 10
    assert rate.take() == 0


def test_processes_share_the_rate(path: Path) -> None:
    """Processes that ask at the same moment get different times."""
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


def test_a_killed_process_does_not_block_others(path: Path) -> None:
    """Its time passes unused, and its lock is released."""
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
def test_an_invalid_file_counts_as_missing(path: Path, content: bytes) -> None:
    """It is replaced."""
    path.parent.mkdir()
    path.write_bytes(content)
    rate = SharedRate(path, 1, 1000.0)
    assert rate.take() == 0
    assert rate.take() > 0
    assert json.loads(path.read_bytes())["version"] == shared_rate.VERSION


def test_times_that_an_earlier_release_has_reserved_count(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the code of 69aa55b has written them. Readers of both releases run during an update."""
    monkeypatch.setattr(shared_rate, "boot_id", lambda: "first boot")
    path.parent.mkdir()
    path.write_text('{"version":1,"boot":"first boot","taken":[1000.0,1012.0]}')
    assert SharedRate(path, 2, 12.0, clock=lambda: 1001.0).take() == 11
    assert path.read_text() == '{"version":1,"boot":"first boot","taken":[1012.0,1012.0]}'


def test_stored_times_are_ignored_after_a_reboot(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The monotonic clock has started again."""
    SharedRate(path, 1, 10.0, lambda: time.monotonic() + 10**6).take()
    monkeypatch.setattr(shared_rate, "boot_id", lambda: "another boot")
    assert SharedRate(path, 1, 10.0).take() == 0


@pytest.mark.parametrize("time", [1e9, 1e300])
def test_a_time_that_no_reader_can_have_reserved_is_dropped(path: Path, time: float) -> None:
    """Otherwise every reader of the host would wait for it."""
    clock = Clock()
    SharedRate(path, 1, 10.0, clock).take()
    times = json.loads(path.read_bytes())
    path.write_text(json.dumps(times | {"taken": [time]}))
    assert SharedRate(path, 1, 10.0, clock).take() == 0


def test_a_caller_can_refuse_to_wait(path: Path) -> None:
    """While another process holds the lock."""
    path.parent.mkdir()
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(TimeoutError, match=r"joins\.lock"):
            SharedRate(path, 1, 10.0).take(wait=False)
