"""
Locks the path of an `ipc://` endpoint, for as long as this process listens there.

libzmq removes whatever file is at that path before it listens, also the socket of a publisher that
runs, which then waits for readers that can no longer find it. The system releases the lock when its
process ends, so that after a kill only a file is left, which counts for nothing.
"""

from __future__ import annotations

import os
import stat
from contextlib import ExitStack, suppress
from pathlib import Path

from common.file_lock import file_lock

_IPC = "ipc://"


class OccupiedError(Exception):
    """Raised when an endpoint cannot be used; the text says what is there."""


def lock_ipc(endpoint: str, locks: ExitStack) -> None:
    """
    Lock *endpoint* until *locks* is closed. One without a file needs no lock of ours.

    Raises OccupiedError when another process has locked it, or when a file is there that is no
    socket.
    """
    name = endpoint.removeprefix(_IPC)
    # `@` begins a name that is no file (unix(7), "abstract"), and that the system gives only once;
    # `*` stands for a new file.
    if name == endpoint or name.startswith(("@", "*")):
        return
    path = Path(name)
    lock = path.with_name(f"{path.name}.lock")
    try:
        locks.enter_context(file_lock(lock, within_s=0))
        lock.write_text(f"{os.getpid()}\n")
        if path.exists() and not stat.S_ISSOCK(path.stat().st_mode):
            raise OccupiedError(
                f"{path} is there and is no socket; remove it, or name another path"
            )
    except TimeoutError:
        raise OccupiedError(
            f"another publisher (process {_holder(lock)}) already listens there: stop it, or"
            " choose another address"
        ) from None
    except OSError as error:
        reason = f"cannot write {lock} ({error.strerror})"
        raise OccupiedError(f"the publisher cannot listen there: {reason}") from None


def _holder(lock: Path) -> str:
    """Return the id of the process that holds *lock*, as far as it can be known."""
    with suppress(OSError, ValueError):
        return str(int(lock.read_text()))
    return "unknown"
