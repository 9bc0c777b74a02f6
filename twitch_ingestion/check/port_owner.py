"""Which process listens at a TCP port, from Linux's /proc."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_PROC = Path("/proc")
_LISTENS = "0A"
_SHOWN = 80  # characters of a command line


def owner_of(port: int) -> str:
    """Return the process that listens at *port*, as far as this user may know."""
    process = _process_at(port)
    return (
        f"process {process.name} ({_command(process)})" if process else "a process of another user"
    )


def folder_of(port: int) -> Path | None:
    """Return where the process that listens at *port* works, None if this user may not know."""
    process = _process_at(port)
    if process is not None:
        with suppress(OSError):
            return Path(os.readlink(process / "cwd"))
    return None


def _process_at(port: int) -> Path | None:
    sockets = {f"socket:[{inode}]" for inode in _listening_at(port)}
    for process in _PROC.glob("[0-9]*"):
        if sockets and not sockets.isdisjoint(_open_files(process)):
            return process
    return None


def _listening_at(port: int) -> Iterator[str]:
    for table in ("tcp", "tcp6"):
        with suppress(OSError):
            for line in (_PROC / "net" / table).read_text().splitlines()[1:]:
                fields = line.split()
                if fields[3] == _LISTENS and int(fields[1].rpartition(":")[2], 16) == port:
                    yield fields[9]


def _open_files(process: Path) -> set[str]:
    found = set()
    with suppress(OSError):
        for descriptor in (process / "fd").iterdir():
            with suppress(OSError):
                found.add(os.readlink(descriptor))
    return found


def _command(process: Path) -> str:
    with suppress(OSError):
        words = (process / "cmdline").read_bytes().decode("utf-8", "replace").split("\0")
        return " ".join(words).strip()[:_SHOWN]
    return "unknown"
