"""
A rate that all readers of a host keep together, as Twitch counts them together.

1. Whoever wants to act takes the next free time, under a lock, and writes it down; then it waits
   until that time. So the first to ask is the first to act, and who waits holds nothing.
2. A reader that is killed while it waits leaves its time unused, and the lock free.
3. Times are those of the host's monotonic clock, and void after a boot.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from common.boot import boot_id
from common.files import replace_file

VERSION = 1


class _Times(msgspec.Struct):
    version: int
    boot: str
    #: The last times taken, the latest last, in seconds.
    taken: list[float]


class SharedRate:
    """At most *count* actions in any *period_s* seconds, over all processes that use *path*."""

    def __init__(
        self, path: Path, count: int, period_s: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """*clock* has to be the same for all processes."""
        self._path = path
        self._count = count
        self._period_s = period_s
        self._clock = clock

    def take(self) -> float:
        """
        Take the next free time; return how many seconds from now it is.

        Raises OSError when the file cannot be written.
        """
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(self._path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            # Held for as long as it takes to write a small file, so it may be waited for.
            fcntl.flock(lock, fcntl.LOCK_EX)
            return self._take()
        finally:
            os.close(lock)

    def _take(self) -> float:
        now = self._clock()
        taken = self._taken()
        free = now
        if len(taken) >= self._count:
            free = max(now, taken[-self._count] + self._period_s)
        times = _Times(VERSION, boot_id(), [*taken, free][-self._count :])
        # After a crash of the host the times are void, so the disk need not have them.
        replace_file(self._path, msgspec.json.encode(times), sync=False)
        return free - now

    def _taken(self) -> list[float]:
        try:
            times = msgspec.json.decode(self._path.read_bytes(), type=_Times)
        except (FileNotFoundError, msgspec.MsgspecError):
            return []
        return times.taken if (times.version, times.boot) == (VERSION, boot_id()) else []
