"""
The tables of an outbox file, and how a file of an older release gets them.

1. The header of the file names the layout. It changes only where an older release could not use the
   file: it ignores tables that it does not know.
2. A file of an older layout is changed in one transaction, which writes a few pages. Its batches
   stay as they are, and so do their numbers.
3. A file of a newer layout is left alone.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from common.chat_gap import GapReason
from readers.outbox.damage import APPLICATION_ID, DamageError
from readers.outbox.errors import newer_layout

#: The layout of this release.
LAYOUT_VERSION = 2

_CREATE_ABSENCE = "CREATE TABLE absence (since_ms INTEGER NOT NULL, reason TEXT NOT NULL)"

_LAYOUT = f"""
BEGIN;
CREATE TABLE batch (
    first_seq INTEGER PRIMARY KEY, last_seq INTEGER NOT NULL, body BLOB NOT NULL
);
CREATE TABLE numbering (
    name TEXT NOT NULL, boot TEXT NOT NULL,
    acknowledged INTEGER NOT NULL, skipped_to INTEGER NOT NULL
);
{_CREATE_ABSENCE};
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {LAYOUT_VERSION};
COMMIT;
"""


def make_tables(database: sqlite3.Connection) -> None:
    """Make the tables of a new file."""
    database.executescript(_LAYOUT)


def bring_up_to_date(database: sqlite3.Connection, path: Path, known_ms: int) -> None:
    """
    Give the outbox at *path* the tables of this release. *known_ms* is its `known_until_ms`.

    Raises DamageError if it is not an outbox, OutboxPlaceError if a newer release has written it,
    and sqlite3.Error if it cannot be changed. It is then as it was.
    """
    application_id, version = layout_of(database)
    if application_id != APPLICATION_ID or version < 1:
        raise DamageError("it is not an outbox")
    if version > LAYOUT_VERSION:
        raise newer_layout(path, version, LAYOUT_VERSION)
    if version == 1:
        _from_layout_1(database, known_ms)


def layout_of(database: sqlite3.Connection) -> tuple[int, int]:
    """Return the application id and the layout in the header of the file."""
    ((application_id,),) = database.execute("PRAGMA application_id")
    ((version,),) = database.execute("PRAGMA user_version")
    return application_id, version


def _from_layout_1(database: sqlite3.Connection, known_ms: int) -> None:
    execute = database.execute
    with database:
        execute("BEGIN")
        execute("ALTER TABLE numbering ADD COLUMN skipped_to INTEGER NOT NULL DEFAULT 0")
        # Layout 1 did not store all numbers that it used. After another boot, some are skipped.
        execute("UPDATE numbering SET boot = 'unknown'")
        # The first releases stored no absence.
        if not execute("SELECT 1 FROM sqlite_master WHERE name = 'absence'").fetchone():
            execute(_CREATE_ABSENCE)
            execute("INSERT INTO absence VALUES (?, ?)", (known_ms, GapReason.RESTARTED.value))
        execute("PRAGMA user_version = 2")
