"""
Stores beside the outbox up to when all that was received is in Kafka.

The time is the modification time of an empty file, so that it outlives every damage of the outbox.
It is where a gap begins if the outbox cannot tell.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


class SafeUntil:
    """The time of the outbox at a path. All times are Unix milliseconds."""

    def __init__(self, outbox: Path) -> None:
        self._file = _file(outbox)
        #: The last number of what was received until a time, and that time.
        self._awaited: tuple[int, int] | None = None

    def on_received(self, last_seq: int, until_ms: int, acknowledged: int) -> None:
        """
        Note that all chat received until *until_ms* has numbers to *last_seq*.

        It is stored at the first call at which all of it is acknowledged; calls between are left
        out. So the stored time is two calls old at most while acknowledgements arrive.
        """
        if self._awaited is None:
            self._awaited = last_seq, until_ms
        awaited_seq, awaited_ms = self._awaited
        if awaited_seq <= acknowledged:
            self._awaited = None
            _store(self._file, awaited_ms)


def store_safe_until(outbox: Path, until_ms: int) -> None:
    """Store *until_ms* for *outbox*."""
    _store(_file(outbox), until_ms)


def safe_until_ms(outbox: Path) -> int | None:
    """Return the time that is stored for *outbox*, None if there is none."""
    try:
        return _file(outbox).stat().st_mtime_ns // 1_000_000
    except OSError:
        return None


def _file(outbox: Path) -> Path:
    return outbox.with_name(f"{outbox.name}-safe-until")


def _store(file: Path, until_ms: int) -> None:
    times_ns = until_ms * 1_000_000, until_ms * 1_000_000
    # An older time makes a gap longer, which is harmless.
    with contextlib.suppress(OSError):
        try:
            os.utime(file, ns=times_ns)
        except FileNotFoundError:
            file.touch(mode=0o600)
            os.utime(file, ns=times_ns)
