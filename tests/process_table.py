"""Reads the kernel's table of processes, and ends a whole session of them (Linux, proc(5))."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_KILL_DEADLINE_S = 60.0


@dataclass(frozen=True)
class RunningProcess:
    """A process that has not ended; one that only waits to be reaped is not among them."""

    pid: int
    parent: int
    session: int

    def command(self) -> str:
        """Return the command line, or the empty string when the process is gone."""
        with suppress(OSError):
            return (
                Path(f"/proc/{self.pid}/cmdline").read_text("utf-8", "replace").replace("\0", " ")
            )
        return ""


def running_processes() -> list[RunningProcess]:
    """Return every running process of this machine; none where there is no /proc."""
    processes = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it ended since the folder was listed
            pid, _, rest = entry.read_text("utf-8", "replace").partition(" ")
            # The name may hold anything, so the fields are counted from the last bracket.
            state, parent, _group, session, *_ = rest.rpartition(")")[2].split()
            if state not in "ZX":
                processes.append(RunningProcess(int(pid), int(parent), int(session)))
    return processes


def is_stopped(pid: int) -> bool:
    """Return whether no thread of the process *pid* works, as SIGSTOP has reached them all."""
    states = []
    for entry in Path(f"/proc/{pid}/task").glob("*/stat"):
        with suppress(OSError):  # it ended since the folder was listed
            states.append(entry.read_text("utf-8", "replace").rpartition(")")[2].split()[0])
    return bool(states) and set(states) == {"T"}


def children(parent: int) -> list[RunningProcess]:
    """Return the running processes whose parent is the process *parent*."""
    return [process for process in running_processes() if process.parent == parent]


def kill_session(session: int) -> None:
    """Kill every process of *session* (SIGKILL), whatever process group it moved itself to.

    supervisord gives each of its programs a group of its own, but the session stays.
    Raises TimeoutError when one is still there after 60 s.
    """
    deadline = time.monotonic() + _KILL_DEADLINE_S
    while members := [p for p in running_processes() if p.session == session]:
        if time.monotonic() > deadline:
            raise TimeoutError(f"could not kill {[member.command() for member in members]}")
        for member in members:
            with suppress(ProcessLookupError):
                os.kill(member.pid, signal.SIGKILL)
        time.sleep(0.001)
