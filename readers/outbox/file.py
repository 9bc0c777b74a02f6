"""
The SQLite file of an outbox. One process has it open at a time. A missing file is created; a file
that is damaged or not an outbox is set aside.
"""

from __future__ import annotations

import logging
import os
import secrets
import sqlite3
import time
from pathlib import Path

from common.boot import boot_id

#: Identifies the file as an outbox ("TwOb"), and the version of its tables.
APPLICATION_ID = 0x54774F62
LAYOUT_VERSION = 2

#: Numbers skipped after a boot of the host: more than a reader uses before its writes are on disk,
#: and few of the 2**63 numbers.
NUMBERS_SKIPPED = 10**9

#: Bytes of a page of the file, SQLite's default.
PAGE_BYTES = 4096

_LAYOUT = f"""
BEGIN;
CREATE TABLE batch (
    first_seq INTEGER PRIMARY KEY, last_seq INTEGER NOT NULL, body BLOB NOT NULL
);
CREATE TABLE numbering (
    name TEXT NOT NULL, boot TEXT NOT NULL,
    acknowledged INTEGER NOT NULL, skipped_to INTEGER NOT NULL
);
CREATE TABLE absence (since_ms INTEGER NOT NULL, reason TEXT NOT NULL);
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {LAYOUT_VERSION};
COMMIT;
"""

logger = logging.getLogger(__name__)


class OutboxError(Exception):
    """Raised when an outbox cannot be used. The text says why."""


class OutboxInUseError(OutboxError):
    """Raised when another process has the outbox open."""


class _ForeignFileError(Exception):
    """Raised when the file is a database, but not an outbox of this version."""


def open_outbox_file(path: Path) -> sqlite3.Connection:
    """
    Return the outbox at *path*, locked for this process, with its tables.

    A file that is damaged or not an outbox is renamed, and a new one is created. Raises
    OutboxInUseError when another process has it open, OutboxError when no file can be created.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            return _open(path)
        except (_ForeignFileError, sqlite3.DatabaseError) as error:
            if isinstance(error, sqlite3.OperationalError):
                raise
            _set_aside(path, error)
            return _open(path)
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
            raise OutboxInUseError(f"another reader has {path} open") from None
        raise OutboxError(f"cannot use {path}, which is in STATE_DIR: {error}") from None
    except OSError as error:
        raise OutboxError(f"cannot use {path}, which is in STATE_DIR: {error}") from None


def _open(path: Path) -> sqlite3.Connection:
    is_new = not path.exists()
    database = sqlite3.connect(path, timeout=0, isolation_level=None)
    try:
        # The lock keeps other processes out, and WAL needs no shared memory with it.
        database.execute("PRAGMA locking_mode = EXCLUSIVE")
        # Without fsync, a killed process loses nothing. For a crash of the host, see
        # _begin_numbering.
        database.execute("PRAGMA synchronous = NORMAL")
        if is_new:
            # auto_vacuum writes even if it changes nothing, and a full disk would refuse that.
            database.execute(f"PRAGMA page_size = {PAGE_BYTES}")
            database.execute("PRAGMA auto_vacuum = INCREMENTAL")
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA cache_size = -512")
        _check_whole(database)
        _check_layout(database)
        _begin_numbering(database)
    except BaseException:
        database.close()
        raise
    return database


def _check_whole(database: sqlite3.Connection) -> None:
    (verdict,) = database.execute("PRAGMA quick_check(1)").fetchone()
    if verdict != "ok":
        raise sqlite3.DatabaseError(verdict)


def _check_layout(database: sqlite3.Connection) -> None:
    header = tuple(
        database.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("application_id", "user_version", "schema_version")
    )
    if header == (0, 0, 0):
        database.executescript(_LAYOUT)
    elif header[:2] != (APPLICATION_ID, LAYOUT_VERSION):
        raise _ForeignFileError("it is not an outbox of this version")


def _begin_numbering(database: sqlite3.Connection) -> None:
    """
    Name the numbering of a new file, and skip numbers after each boot of the host.

    When the host crashes, the last numbers used may not be on disk. If they were used again, the
    publisher would take new records for duplicates. With a new name, it would publish the records
    in the file again. So the name stays, and a range of numbers is skipped.
    """
    boot = boot_id()
    row = database.execute("SELECT boot FROM numbering").fetchone()
    if row is None:
        name = secrets.token_hex(8)
        database.execute("INSERT INTO numbering VALUES (?, ?, 0, 0)", (name, boot))
    elif row[0] != boot:
        database.execute(
            "UPDATE numbering SET boot = ?, skipped_to = ? + max(acknowledged, skipped_to,"
            " (SELECT coalesce(max(last_seq), 0) FROM batch))",
            (boot, NUMBERS_SKIPPED),
        )


def _set_aside(path: Path, error: Exception) -> None:
    aside = path.with_name(f"{path.name}.set-aside-{time.time_ns()}")
    for suffix in ("", "-wal", "-shm"):
        if os.path.exists(f"{path}{suffix}"):
            os.rename(f"{path}{suffix}", f"{aside}{suffix}")
    logger.error(
        "cannot read %s (%s): renamed it to %s, which may hold unsent messages, and created a new"
        " outbox",
        path,
        error,
        aside,
    )
