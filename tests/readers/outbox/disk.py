"""Disks that are full, and what a kill leaves on a disk."""

from __future__ import annotations

import resource
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from readers.outbox.outbox import Outbox

#: SQLite's largest number of pages.
_UNLIMITED = 2**32 - 2


def refuse(outbox: Outbox) -> None:
    """Let the file of *outbox* grow no more: SQLite then says "database or disk is full"."""
    _limit(outbox, 1)


def accept(outbox: Outbox) -> None:
    """Let the file of *outbox* grow again."""
    _limit(outbox, _UNLIMITED)


def _limit(outbox: Outbox, pages: int) -> None:
    # SQLite takes the current size if *pages* is less. https://sqlite.org/pragma.html
    outbox._database._connection.execute(f"PRAGMA max_page_count = {pages}")


@contextmanager
def full_disk(path: Path) -> Iterator[None]:
    """Let no file grow beyond the largest one beside *path*."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    size = max(file.stat().st_size for file in path.parent.iterdir())
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def killed(path: Path) -> Iterator[Outbox]:
    """Yield an outbox of what a kill would leave of the one at *path*."""
    left = path.parent / "left by a kill"
    shutil.rmtree(left, ignore_errors=True)
    shutil.copytree(path.parent, left, ignore=lambda *_: [left.name])
    successor = Outbox(left / path.name, "xqc", max_bytes=10**9)
    try:
        yield successor
    finally:
        successor.close()
