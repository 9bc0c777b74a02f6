"""
A standard stream that never blocks the process, even if nobody reads it.

A write to a pipe or a terminal waits while nobody reads there: after Ctrl-S, behind a stopped pager
or a stuck log shipper. A process that waits receives no chat and obeys no signal.

1. What cannot be written now is kept, up to KEPT_BYTES, and is written with the next line.
2. Beyond that, lines are dropped until everything kept is written. A line then says how many.
3. The flag O_NONBLOCK would also apply to the other processes that share the pipe or terminal. So
   the process opens it a second time. Where that is impossible, it asks before each write whether
   there is room, and writes at most PIPE_BUF bytes.
4. An output that fails (disk full, pipe closed, terminal gone) is treated like one that is full.
"""

from __future__ import annotations

import atexit
import io
import os
import select
import stat
import sys
import threading
import time
from collections.abc import Callable
from typing import Final, Literal

#: Says how many lines were dropped.
DROPPED: Final = "dropped %d log lines, because nobody read the output or its disk was full"

KEPT_BYTES = 256 * 1024

#: Seconds that the end of the process waits for somebody to read what is kept.
_LAST_WRITE_WITHIN_S = 1.0

#: Returns the line that says how many lines were dropped.
Notice = Callable[[int], bytes]


def never_block(name: Literal["stdout", "stderr"], notice: Notice) -> None:
    """
    Replace `sys.stdout` or `sys.stderr` by a stream that never blocks and never raises OSError.

    Does nothing if the stream has been replaced before.
    """
    stream = getattr(sys, name)
    if stream is not getattr(sys, f"__{name}__"):
        return
    if stream is None:
        # The descriptor is closed, and the lowest free one: no other file should get it. Another
        # stream may take it over, so the end of this one does not close it.
        null = os.open(os.devnull, os.O_WRONLY)
        setattr(sys, name, open(null, "w", closefd=False))  # noqa: SIM115 - stays open
        return
    stream.flush()
    descriptor = stream.fileno()
    _open_again(descriptor)
    output = Output(descriptor, notice)
    atexit.register(output.write_last)
    text = io.TextIOWrapper(  # type: ignore[type-var]  # a raw stream is enough if unbuffered
        output, stream.encoding, "backslashreplace", write_through=True
    )
    setattr(sys, name, text)


def _open_again(descriptor: int) -> None:
    """Give *descriptor* a description of its own, with O_NONBLOCK, if it can block."""
    if not (stat.S_ISFIFO(os.fstat(descriptor).st_mode) or os.isatty(descriptor)):
        return
    flags = os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY
    try:
        own = os.open(f"/proc/self/fd/{descriptor}", flags)
    except OSError:  # a terminal of another user, or a system without /proc
        return
    os.dup2(own, descriptor)
    os.close(own)


class Output(io.RawIOBase):
    """Writes to a descriptor without blocking. Keeps or drops what cannot be written."""

    def __init__(self, descriptor: int, notice: Notice) -> None:
        self._descriptor = descriptor
        self._notice = notice
        self._kept = bytearray()
        self._dropped = 0
        self._at_line_start = True
        self._lock = threading.RLock()
        self._room = select.poll()
        self._room.register(descriptor, select.POLLOUT)

    def fileno(self) -> int:
        """Return the descriptor."""
        return self._descriptor

    def writable(self) -> bool:
        """Return True: `io.TextIOWrapper` asks."""
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]  # also takes other buffers
        """Write, keep or drop *data*, one or more lines; return its length."""
        data = bytes(data)
        with self._lock:
            if self._kept:
                self.flush()
            if self._dropped or (self._kept and len(self._kept) + len(data) > KEPT_BYTES):
                self._dropped += max(1, data.count(b"\n"))
            else:
                self._keep(data)
                self.flush()
        return len(data)

    def flush(self) -> None:
        """Write what can be written now."""
        with self._lock:
            self._write_kept()
            if self._dropped and not self._kept:
                line_end = b"" if self._at_line_start else b"\n"
                self._keep(line_end + self._notice(self._dropped))
                self._dropped = 0
                self._write_kept()

    def write_last(self) -> None:
        """Write what is kept. Wait up to 1 s for somebody to read it."""
        deadline = time.monotonic() + _LAST_WRITE_WITHIN_S
        while before := len(self._kept):
            left_s = deadline - time.monotonic()
            if left_s <= 0 or not self._room.poll(left_s * 1000):
                return
            self.flush()
            if len(self._kept) == before:  # it fails
                return

    def _keep(self, data: bytes) -> None:
        self._kept += data
        self._at_line_start = data.endswith(b"\n")

    def _write_kept(self) -> None:
        try:
            while self._kept and self._room.poll(0):
                written = os.write(self._descriptor, self._kept[: select.PIPE_BUF])
                del self._kept[:written]
        except OSError:
            pass
