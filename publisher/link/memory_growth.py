"""Notices that this process takes more memory than before, for a few microseconds a time."""

from __future__ import annotations

import os
from pathlib import Path

_STATM = Path("/proc/self/statm")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class MemoryGrowth:
    """Growth of the resident memory by more than *step_bytes*."""

    def __init__(self, step_bytes: int) -> None:
        self._step_bytes = step_bytes
        self._least = _resident_bytes()

    def has_grown(self) -> bool:
        """
        Return whether it has grown.

        It is compared with the last time that this was true, or with a lower value since then.
        """
        now = _resident_bytes()
        self._least = min(self._least, now)
        if now - self._least <= self._step_bytes:
            return False
        self._least = now
        return True


def _resident_bytes() -> int:
    # The second field counts resident pages: proc_pid_statm(5).
    return int(_STATM.read_text().split()[1]) * _PAGE_BYTES
