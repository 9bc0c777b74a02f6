"""
The SQLite file of an outbox. One process has it open at a time. A missing file is created; a file
that is damaged or not an outbox is replaced.

Opening reads a few pages, however large the file is: chat is missed until the channel is joined.
"""

from __future__ import annotations

import secrets
import sqlite3
from functools import partial
from pathlib import Path

from common.boot import boot_id
from readers.outbox.damage import (
    PAGE_BYTES,
    DamageError,
    check_before_opening,
    check_incarnation,
    check_numbering,
    checked_absence,
    checked_batch,
    is_damage,
)
from readers.outbox.errors import cannot_open, check_kind
from readers.outbox.layout import bring_up_to_date, make_tables
from readers.outbox.replacement import finish_replacement, known_until_ms, replace

#: Numbers skipped after a boot of the host: more than a reader uses before its writes are on disk,
#: and few of the 2**63 numbers.
NUMBERS_SKIPPED = 10**9

_OLDEST_BATCH = "SELECT first_seq, last_seq, body FROM batch ORDER BY first_seq LIMIT 1"
_NEWEST_BATCH = "SELECT first_seq, last_seq, body FROM batch ORDER BY first_seq DESC LIMIT 1"


def open_outbox_file(path: Path) -> sqlite3.Connection:
    """
    Return the outbox at *path*, locked for this process, with its tables.

    A file of an older release gets the tables of this one. A file that is damaged or not an outbox
    is set aside and replaced. Raises OutboxInUseError when another process has it open,
    OutboxPlaceError when there can be none at *path* until an operator changes something, and
    OutboxError for other reasons.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        check_kind(path)
        finish_replacement(path)
        known_ms = known_until_ms(path)
        opened = partial(_open, known_ms)
        try:
            check_before_opening(path)
            return opened(path)
        except DamageError as damage:
            replace(path, damage, known_ms, opened)
        except sqlite3.Error as error:
            if not is_damage(error):
                raise
            replace(path, error, known_ms, opened)
        return opened(path)
    except (sqlite3.Error, OSError) as error:
        raise cannot_open(path, error) from None


def new_numbering_name() -> str:
    """Return a name for a numbering that no other outbox has."""
    return secrets.token_hex(8)


def _open(known_ms: int, path: Path) -> sqlite3.Connection:
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
        if is_new:
            make_tables(database)
        else:
            bring_up_to_date(database, path, known_ms)
        _check_rows(database)
        _begin_numbering(database)
    except BaseException:
        database.close()
        raise
    return database


def _check_rows(database: sqlite3.Connection) -> None:
    """Raise DamageError or sqlite3.Error if a row that the reader needs at once is damaged."""
    oldest = database.execute("SELECT min(first_seq) FROM batch").fetchone()
    for numbering in database.execute("SELECT name, acknowledged, skipped_to FROM numbering"):
        check_numbering(*numbering, *oldest)
    # A file of an older version has no such table.
    if database.execute("SELECT 1 FROM sqlite_master WHERE name = 'incarnation'").fetchone():
        for (number,) in database.execute("SELECT id FROM incarnation"):
            check_incarnation(number)
    for absence in database.execute("SELECT since_ms, reason FROM absence"):
        checked_absence(*absence)
    for query in (_OLDEST_BATCH, _NEWEST_BATCH):
        for batch in database.execute(query):
            checked_batch(*batch)


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
        database.execute("INSERT INTO numbering VALUES (?, ?, 0, 0)", (new_numbering_name(), boot))
    elif row[0] != boot:
        database.execute(
            # `max(last_seq)` would read the whole table.
            "UPDATE numbering SET boot = ?, skipped_to = ? + max(acknowledged, skipped_to,"
            " coalesce((SELECT last_seq FROM batch ORDER BY first_seq DESC LIMIT 1), 0))",
            (boot, NUMBERS_SKIPPED),
        )
