"""Work that the end of a process does not wait for."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from monitor.web.daemon_thread import in_daemon_thread
from tests.processes import run_to_end

_HANGING = """
import asyncio, threading
from monitor.web.daemon_thread import in_daemon_thread

async def main():
    task = asyncio.create_task(in_daemon_thread(threading.Event().wait))
    await asyncio.sleep(0.1)
    task.cancel()

asyncio.run(main())
"""


async def test_it_has_the_result() -> None:
    """Which may be false."""
    assert await in_daemon_thread(lambda: 3) == 3
    assert await in_daemon_thread(lambda: 0) == 0


async def test_it_raises_what_the_work_raises() -> None:
    """Where it is waited for."""
    with pytest.raises(ValueError, match="wrong"):
        await in_daemon_thread(lambda: int("wrong"))


def test_the_process_ends_while_the_work_hangs(tmp_path: Path) -> None:
    """Without a word, though the work goes on."""
    finished = run_to_end([sys.executable, "-c", _HANGING], tmp_path)
    assert (finished.returncode, finished.stdout, finished.stderr) == (0, "", "")
