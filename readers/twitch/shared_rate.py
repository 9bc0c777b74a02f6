"""
A rate limit that all readers of a host share, because Twitch counts them together.

1. A reader reserves the next free time in a file, under a lock, and then waits until that time.
   Readers act in the order of their reservations, and hold no lock while they wait.
2. A reader that is killed while it waits leaves its time unused, and the lock free.
3. Times are from the host's monotonic clock, and are invalid after a reboot.
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
    #: The latest reserved times, in seconds, in ascending order.
    taken: list[float]


class SharedRate:
    """Allows at most *count* actions in any *period_s* seconds, among all users of *path*."""

    def __init__(
        self, path: Path, count: int, period_s: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """*clock* must be the same for all processes."""
        self._path = path
        self._count = count
        self._period_s = period_s
        self._clock = clock

    def take(self) -> float:
        """
        Reserve the next free time; return how many seconds from now it is.

        Raises OSError when the file cannot be written.
        """
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(self._path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            # The lock is held only while a small file is written, so blocking is acceptable.
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
        # No fsync: the times are invalid after a crash of the host anyway.
        replace_file(self._path, msgspec.json.encode(times), sync=False)
        return free - now

    def _taken(self) -> list[float]:
        try:
            times = msgspec.json.decode(self._path.read_bytes(), type=_Times)
        except (FileNotFoundError, msgspec.MsgspecError):
            return []
        return times.taken if (times.version, times.boot) == (VERSION, boot_id()) else []
