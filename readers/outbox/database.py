"""The tables of an outbox file: every SQL statement of a running outbox."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from common.chat_gap import GapReason
from readers.outbox.damage import PAGE_BYTES, DamageError, checked_batch
from readers.outbox.damage_guard import DamageGuard
from readers.outbox.file import NUMBERS_SKIPPED, open_outbox_file
from readers.outbox.held_numbers import HeldNumbers

#: Pages of 4 KiB returned to the file system at a time: 10 ms of work.
PAGES_RETURNED = 2048


# A NamedTuple is made by a function in Python, a struct is not. gc=False: it has no cycles.
class StoredBatch(msgspec.Struct, frozen=True, gc=False):
    """A batch as the outbox stores it."""

    first_seq: int
    last_seq: int
    #: The frame that is sent over the link.
    body: bytes


class Absence(NamedTuple):
    """Since when the reader has been out of its channel, or would be if it was killed now."""

    since_ms: int
    reason: GapReason


class StoredNumbering(NamedTuple):
    """The numbers in the file."""

    #: Identifies the numbering. Only copies of an outbox have the same name.
    name: str
    #: The last record that was acknowledged, 0 for none.
    acknowledged: int
    #: The last number that was used or skipped, 0 for none.
    last_seq: int


_INSERT = "INSERT INTO batch VALUES (?, ?, ?)"

#: Numbers that no batch has, between batches: so that records can be counted without reading them.
#: The table is created when numbers are first skipped.
_CREATE_SKIPPED = """
CREATE TABLE IF NOT EXISTS skipped (first_seq INTEGER PRIMARY KEY, last_seq INTEGER NOT NULL)
"""

_FORGET_SKIPPED = "DELETE FROM skipped WHERE last_seq <= (SELECT acknowledged FROM numbering)"


class OutboxDatabase:
    """
    The database at *path*, locked for this process.

    Every method raises OutboxDamagedError when the file is damaged. Methods that write raise
    sqlite3.OperationalError when the disk refuses; nothing has changed then.
    """

    def __init__(self, path: Path) -> None:
        """Open or create it. Raises OutboxError when that fails, OutboxInUseError when in use."""
        self._connection = open_outbox_file(path)
        self._reading = DamageGuard(path, is_writing=False)
        self._writing = DamageGuard(path, is_writing=True)
        with ExitStack() as on_error:
            on_error.callback(self._connection.close)
            #: The last record of the batch that was stored last, or the last one acknowledged.
            self._last_seq = self._last_seq_in_file()
            on_error.pop_all()

    def close(self) -> None:
        """Close the file, which another process may then open."""
        self._connection.close()

    def numbering(self) -> StoredNumbering:
        """Return the numbers in the file."""
        name, acknowledged, skipped_to = self._row(
            "SELECT name, acknowledged, skipped_to FROM numbering"
        ) or ("", 0, 0)
        return StoredNumbering(name, acknowledged, max(acknowledged, skipped_to, self._last_seq))

    def incarnations(self) -> list[tuple[int, int]]:
        """Return the first numbers and the ids of the incarnations, in the numbers' order."""
        with self._reading:
            # A file of an older version has no such table.
            if not self._row("SELECT 1 FROM sqlite_master WHERE name = 'incarnation'"):
                return []
            query = "SELECT first_seq, id FROM incarnation ORDER BY first_seq"
            return self._connection.execute(query).fetchall()

    def store_numbering(self, name: str, incarnations: list[tuple[int, int]]) -> None:
        """Store the name of the numbering and its *incarnations*. A crash of the host keeps it."""
        execute = self._connection.execute
        with self._writing:
            # Waits for the disk: an incarnation whose numbers were sent must not be forgotten.
            execute("PRAGMA synchronous = FULL")
            try:
                with self._connection:
                    execute("BEGIN")
                    execute(
                        "CREATE TABLE IF NOT EXISTS incarnation"
                        " (first_seq INTEGER PRIMARY KEY, id INTEGER NOT NULL)"
                    )
                    execute("DELETE FROM incarnation")
                    self._connection.executemany(
                        "INSERT INTO incarnation VALUES (?, ?)", incarnations
                    )
                    execute("UPDATE numbering SET name = ?", (name,))
            finally:
                execute("PRAGMA synchronous = NORMAL")

    def first_seq_after(self, seq: int) -> int | None:
        """Return the number of the first record after *seq*, None if there is none."""
        row = self._row("SELECT min(first_seq) FROM batch WHERE first_seq > ?", seq)
        return row[0] if row else None

    def batch_after(self, seq: int) -> StoredBatch | None:
        """Return the first batch that begins after record *seq*, None if there is none."""
        row = self._row(
            "SELECT first_seq, last_seq, body FROM batch WHERE first_seq > ?"
            " ORDER BY first_seq LIMIT 1",
            seq,
        )
        return self._checked(row) if row else None

    def batches_after(self, seq: int) -> Iterator[StoredBatch]:
        """Yield the batches that begin after record *seq*, oldest first."""
        with self._reading:
            yield from map(
                self._checked,
                self._connection.execute(
                    "SELECT first_seq, last_seq, body FROM batch WHERE first_seq > ?"
                    " ORDER BY first_seq",
                    (seq,),
                ),
            )

    def numbers_after(self, seq: int) -> HeldNumbers:
        """Return the numbers of the records after record *seq*, from those of a few rows."""
        numbers = HeldNumbers()
        first_seq = self.first_seq_after(seq)
        while first_seq is not None:
            # Up to the numbers skipped after a boot, which older versions did not store.
            (last_seq,) = self._row(
                "SELECT last_seq FROM batch WHERE first_seq < ? ORDER BY first_seq DESC LIMIT 1",
                first_seq + NUMBERS_SKIPPED,
            ) or (first_seq,)
            numbers.add(first_seq, last_seq)
            first_seq = self.first_seq_after(last_seq)
        for skipped in self._skipped():
            numbers.remove(*skipped)
        return numbers

    def _skipped(self) -> list[tuple[int, int]]:
        with self._reading:
            if not self._row("SELECT 1 FROM sqlite_master WHERE name = 'skipped'"):
                return []
            return self._connection.execute("SELECT first_seq, last_seq FROM skipped").fetchall()

    def insert(self, batch: StoredBatch) -> None:
        """Store *batch*, which comes after all others."""
        row = (batch.first_seq, batch.last_seq, batch.body)
        if batch.first_seq == self._last_seq + 1:
            try:
                self._connection.execute(_INSERT, row)
            except sqlite3.DatabaseError as error:
                raise self._writing.translated(error) from None
        else:
            skipped = (self._last_seq + 1, batch.first_seq - 1)
            execute = self._connection.execute
            with self._writing, self._connection:
                execute("BEGIN")
                execute(_CREATE_SKIPPED)
                execute(_FORGET_SKIPPED)
                execute("INSERT INTO skipped VALUES (?, ?)", skipped)
                execute(_INSERT, row)
        self._last_seq = batch.last_seq

    def replace_oldest(self, first_seq: int, batch: StoredBatch) -> None:
        """
        Delete all batches up to the one that begins with *first_seq*, and store *batch*.

        *batch* takes the number after the last one in the file.
        """
        execute = self._connection.execute
        with self._writing, self._connection:
            execute("BEGIN")
            execute("DELETE FROM batch WHERE first_seq <= ?", (first_seq,))
            execute(_INSERT, (batch.first_seq, batch.last_seq, batch.body))
        self._last_seq = batch.last_seq

    def acknowledge(self, seq: int, absence: Absence | None = None) -> None:
        """
        Delete all batches up to record *seq*, and store that number, in one transaction.

        An *absence* is stored in the same one.
        """
        execute = self._connection.execute
        with self._writing, self._connection:
            execute("BEGIN")
            execute("DELETE FROM batch WHERE first_seq <= ?", (seq,))
            execute("UPDATE numbering SET acknowledged = ?", (seq,))
            if absence is not None:
                self._replace_absence(absence)

    def absence(self) -> Absence | None:
        """Return the absence that was stored last, None if the outbox is new."""
        row = self._row("SELECT since_ms, reason FROM absence")
        return Absence(row[0], GapReason(row[1])) if row else None

    def store_absence(self, absence: Absence) -> None:
        """Store *absence* in place of the last one."""
        with self._writing:
            self._replace_absence(absence)

    def _replace_absence(self, absence: Absence) -> None:
        execute, values = self._connection.execute, (absence.since_ms, absence.reason.value)
        if not execute("UPDATE absence SET since_ms = ?, reason = ?", values).rowcount:
            execute("INSERT INTO absence VALUES (?, ?)", values)

    def used_and_free_bytes(self) -> tuple[int, int]:
        """Return the size of the file without its free pages, and that of the free pages."""
        free = self._pragma("freelist_count")
        return (self._pragma("page_count") - free) * PAGE_BYTES, free * PAGE_BYTES

    def return_pages(self) -> None:
        """Return some free pages to the file system."""
        with self._writing:
            # `execute` would only run the first step of the statement, which returns one page.
            self._connection.executescript(
                f"PRAGMA incremental_vacuum({PAGES_RETURNED}); PRAGMA wal_checkpoint(TRUNCATE)"
            )

    def _checked(self, row: tuple[Any, ...]) -> StoredBatch:
        # SQLite does not notice a change within a body, and the publisher would refuse it for ever.
        try:
            checked_batch(*row)
        except DamageError as error:
            raise self._reading.damaged(error) from None
        return StoredBatch(*row)

    def _pragma(self, name: str) -> int:
        row = self._row(f"PRAGMA {name}")
        return int(row[0]) if row else 0

    def _row(self, query: str, *arguments: int) -> tuple[Any, ...] | None:
        with self._reading:
            row: tuple[Any, ...] | None = self._connection.execute(query, arguments).fetchone()
        return row

    def _last_seq_in_file(self) -> int:
        acknowledged, last_seq = self._row(
            "SELECT acknowledged, (SELECT last_seq FROM batch ORDER BY first_seq DESC LIMIT 1)"
            " FROM numbering"
        ) or (0, None)
        return max(int(acknowledged), last_seq or 0)
