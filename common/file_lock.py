"""
A lock that processes share through a file, and that ends with the process that holds it.

Readers import this, so it is 20 lines of `flock` and not the package `filelock`, whose import costs
each of them 98 modules and 6 MiB (version 4.3.1).
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_POLL_S = 0.02


@contextmanager
def file_lock(path: Path, *, within_s: float | None) -> Iterator[None]:
    """
    Hold the lock that the file at *path* stands for, which is made if it is not there.

    It is not for threads of one process, and not to be taken twice. Raises TimeoutError when
    somebody else holds it for *within_s* seconds, and OSError when there can be no such file. With
    None, it waits as long as necessary, and those who wait get the lock in their order.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _take(descriptor, path, within_s)
        # The file stays: if it went, two processes could hold locks on two files of one name.
        yield
    finally:
        os.close(descriptor)


def _take(descriptor: int, path: Path, within_s: float | None) -> None:
    if within_s is None:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        return
    deadline = time.monotonic() + within_s
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise TimeoutError(f"another process has held {path} for {within_s:g} s") from None
            time.sleep(_POLL_S)
        else:
            return
