"""
Replaces a damaged outbox: its files are set aside, and a new outbox gets what can still be read.

The new outbox is made beside the damaged one and takes its place when it is complete. If the
process is killed before, the next start begins again, because a mark stays until the end.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path

from readers.outbox.damage import (
    APPLICATION_ID,
    PAGE_BYTES,
    damage_mark,
    is_damage,
    is_wal,
    mark_damaged,
    wal,
)
from readers.outbox.errors import check_unlocked, newer_layout
from readers.outbox.layout import LAYOUT_VERSION, layout_of
from readers.outbox.numbering_mark import NumberingMark
from readers.outbox.safe_until import safe_until_ms, store_safe_until
from readers.outbox.salvage import Salvage

#: The other files of an outbox, by what follows its name.
_COMPANIONS = ("-wal", "-lost-wal", "-shm", "-numbers-*")

#: https://www.sqlite.org/fileformat2.html#the_database_header
_HEADER_BYTES = 100

logger = logging.getLogger(__name__)


def known_until_ms(path: Path) -> int:
    """
    Return up to when all that was received is known to be in Kafka, in Unix milliseconds.

    If that was not stored, it is when the outbox at *path* was written. Call it before SQLite opens
    the file, which may write it.
    """
    stored_ms = safe_until_ms(path)
    if stored_ms is not None:
        return stored_ms
    found = [file for file in (path, wal(path), damage_mark(path)) if file.exists()]
    return min((file.stat().st_mtime_ns // 1_000_000 for file in found), default=0)


def replace(
    path: Path, problem: Exception, known_ms: int, create: Callable[[Path], sqlite3.Connection]
) -> None:
    """
    Replace the outbox at *path*, which has *problem*. *known_ms* is its `known_until_ms`.

    *create* makes an empty outbox. Raises OutboxInUseError when another process has the file open,
    OutboxPlaceError when a newer release has written it, sqlite3.Error when the new outbox cannot
    be written, and OSError when a file cannot be renamed.
    """
    check_unlocked(path)
    if safe_until_ms(path) is None:
        # What follows writes the files. If it is interrupted, the next start needs the time.
        store_safe_until(path, known_ms)
    mark_damaged(path)
    # For finish_replacement: it is missing only after it was renamed.
    path.touch(mode=0o600)
    aside = path.with_name(f"{path.name}.set-aside-{time.time_ns()}")
    log_is_lost = _keep_lost_log(path)
    with ExitStack() as opened:
        if old := _open_damaged(path):
            opened.callback(old.close)
        _fresh(path).unlink(missing_ok=True)
        new = opened.enter_context(closing(create(_fresh(path))))
        salvage = Salvage(new, known_ms)
        if old:
            # What is acknowledged in the file is not in it any more.
            numbers = NumberingMark(path).numbers
            salvage.copy(old, numbers.acknowledged if numbers else 0, log_is_lost=log_is_lost)
        else:
            salvage.copy_nothing()
        # Closing it would do the same, but not say if the disk refuses.
        new.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    _swap(path, aside)
    logger.error(
        "cannot read %s (%s): renamed it to %s, and created a new outbox with the %d messages that"
        " could be read. %s",
        path,
        problem,
        aside,
        salvage.records,
        "Others may be lost: a gap record will cover their time"
        if salvage.something_is_lost
        else "None is lost",
    )


def _keep_lost_log(path: Path) -> bool:
    """Return whether a write-ahead log cannot be read. It gets another name first."""
    lost = path.with_name(f"{path.name}-lost-wal")
    if wal(path).exists() and wal(path).stat().st_size > 0 and not is_wal(wal(path)):
        # SQLite would delete it. The name tells the next start, if this one is interrupted.
        os.rename(wal(path), lost)
    return lost.exists()


def finish_replacement(path: Path) -> None:
    """Finish what a kill interrupted after the damaged file was renamed."""
    if not path.exists() and _fresh(path).exists():
        _swap(path, path.with_name(f"{path.name}.set-aside-{time.time_ns()}"))


def _swap(path: Path, aside: Path) -> None:
    if path.exists():
        os.rename(path, aside)
    for companion in _COMPANIONS:
        for file in path.parent.glob(f"{path.name}{companion}"):
            os.rename(file, f"{aside}{file.name.removeprefix(path.name)}")
    os.rename(_fresh(path), path)
    damage_mark(path).unlink(missing_ok=True)


def _fresh(path: Path) -> Path:
    return path.with_name(f"{path.name}-salvaged")


def _open_damaged(path: Path) -> sqlite3.Connection | None:
    """
    Return the outbox at *path* for reading, None if it is none, or nothing can be read.

    Raises OutboxPlaceError if a newer release has written it.
    """
    _lengthen(path)
    old = sqlite3.connect(path, timeout=0, isolation_level=None)
    try:
        old.execute("PRAGMA locking_mode = EXCLUSIVE")
        old.execute("PRAGMA cell_size_check = ON")
        application_id, version = layout_of(old)
    except sqlite3.Error as error:
        old.close()
        if is_damage(error):
            return None
        raise
    if application_id != APPLICATION_ID:
        old.close()
        return None
    if version > LAYOUT_VERSION:
        old.close()
        raise newer_layout(path, version, LAYOUT_VERSION)
    return old


def _lengthen(path: Path) -> None:
    """
    Give a file that was cut off the size that its header says, with zeros, which take no room.

    SQLite reads nothing of a shorter file. Beside an empty one, it would delete the write-ahead
    log, which may hold all of it.
    """
    with path.open("a+b") as file:
        size = file.tell()
        file.seek(0)
        header = file.read(_HEADER_BYTES)
        is_outbox = header[68:72] == APPLICATION_ID.to_bytes(4, "big")
        pages = int.from_bytes(header[28:32], "big") if is_outbox else not size
        if size < pages * PAGE_BYTES:
            # The number may be damaged, too, and larger than a file can be.
            with contextlib.suppress(OSError):
                file.truncate(pages * PAGE_BYTES)
