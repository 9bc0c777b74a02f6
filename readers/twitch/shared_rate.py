"""
A rate limit that all readers of a host share, because Twitch counts them together.

1. A reader reserves the next free time in a file, under a lock, and then waits until that time.
   Readers act in the order of their reservations, and hold no lock while they wait.
2. A reader that is killed while it waits leaves its time unused, and the lock free.
3. Times are from the host's monotonic clock, and are invalid after a reboot.
4. A damaged file is replaced: at worst, Twitch ignores logins or joins for once.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from common.boot import boot_id
from common.file_lock import file_lock
from common.files import read_small_file, replace_file

VERSION = 1

#: Thousands of times.
_LARGEST_BYTES = 1024 * 1024

#: Seconds. A hundred thousand readers that start at once reserve times up to 19 hours from now.
_LONGEST_WAIT_S = 24 * 3600.0

logger = logging.getLogger(__name__)


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

    def take(self, *, wait: bool = True) -> float:
        """
        Reserve the next free time; return how many seconds from now it is.

        If another reader reserves one at this moment, waits for it, or raises TimeoutError without
        *wait*. Raises OSError when the file cannot be written.
        """
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with file_lock(self._path.with_suffix(".lock"), within_s=None if wait else 0):
            return self._take()

    def _take(self) -> float:
        now = self._clock()
        taken: list[float] = []
        damage: Exception | None = None
        try:
            taken = self._taken(now)
        except (OSError, ValueError, RecursionError) as error:
            damage = error
        free = now
        if len(taken) >= self._count:
            free = max(now, taken[-self._count] + self._period_s)
        times = _Times(VERSION, boot_id(), [*taken, free][-self._count :])
        # No fsync: the times are invalid after a crash of the host anyway.
        replace_file(self._path, msgspec.json.encode(times), sync=False)
        if damage:
            logger.warning("replaced %s, which could not be read: %s", self._path, damage)
        return free - now

    def _taken(self, now: float) -> list[float]:
        try:
            content = read_small_file(self._path, _LARGEST_BYTES)
        except FileNotFoundError:
            return []
        times = msgspec.json.decode(content, type=_Times)
        if (times.version, times.boot) != (VERSION, boot_id()):
            return []
        if max(times.taken, default=now) > now + _LONGEST_WAIT_S:
            raise ValueError("a time is more than a day away")
        return times.taken
