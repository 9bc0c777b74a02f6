"""Notices that this process takes more memory than before, for a few microseconds a time."""

from __future__ import annotations

import os

#: More than its seven numbers take.
_STATM_BYTES = 256
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class MemoryGrowth:
    """Growth of the resident memory by more than *step_bytes*."""

    def __init__(self, step_bytes: int) -> None:
        """Raises OSError when the system does not say how much memory this process takes."""
        self._step_bytes = step_bytes
        # Kept open, because the process may not be able to open one more file later.
        self._statm = os.open("/proc/self/statm", os.O_RDONLY | os.O_CLOEXEC)
        self._least = self._resident_bytes()

    def has_grown(self) -> bool:
        """
        Return whether it has grown.

        It is compared with the last time that this was true, or with a lower value since then.
        """
        now = self._resident_bytes()
        self._least = min(self._least, now)
        if now - self._least <= self._step_bytes:
            return False
        self._least = now
        return True

    def close(self) -> None:
        """Close its file. To be called when it is not asked any more."""
        os.close(self._statm)

    def _resident_bytes(self) -> int:
        # The second field counts resident pages: proc_pid_statm(5).
        return int(os.pread(self._statm, _STATM_BYTES, 0).split()[1]) * _PAGE_BYTES
