"""The tables of an outbox file: every SQL statement of a running outbox."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from common.chat_gap import GapReason
from readers.outbox.file import PAGE_BYTES, OutboxError, open_outbox_file

#: Pages of 4 KiB returned to the file system at a time: 10 ms of work.
_PAGES_RETURNED = 2048


class StoredBatch(NamedTuple):
    """A batch as the outbox stores it."""

    first_seq: int
    last_seq: int
    #: The frame that is sent over the link.
    body: bytes


class Absence(NamedTuple):
    """Since when the reader has been out of its channel, or would be if it was killed now."""

    since_ms: int
    reason: GapReason


class Numbering(NamedTuple):
    """The numbers in the file."""

    #: Identifies the numbering. Every outbox file has another name.
    name: str
    #: The last record that was acknowledged, 0 for none.
    acknowledged: int
    #: The last number that was used or skipped, 0 for none.
    last_seq: int


class OutboxDatabase:
    """
    The database at *path*, locked for this process.

    Every method raises OutboxError when the file is damaged. Methods that write raise
    sqlite3.OperationalError when the disk refuses; nothing has changed then.
    """

    def __init__(self, path: Path) -> None:
        """Open or create it. Raises OutboxError when that fails, OutboxInUseError when in use."""
        self._path = path
        self._connection = open_outbox_file(path)

    def close(self) -> None:
        """Close the file, which another process may then open."""
        self._connection.close()

    def numbering(self) -> Numbering:
        """Return the numbers in the file."""
        name, acknowledged, skipped_to, last_seq = self._row(
            "SELECT name, acknowledged, skipped_to, (SELECT max(last_seq) FROM batch)"
            " FROM numbering"
        ) or ("", 0, 0, 0)
        return Numbering(name, acknowledged, max(acknowledged, skipped_to, last_seq or 0))

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
        return StoredBatch(*row) if row else None

    def oldest_batches(self, seq: int, at_least_bytes: float) -> tuple[int, int]:
        """
        Return the first seq of the last of the oldest batches after *seq*, and their records.

        As many batches are counted as have *at_least_bytes* together, or all. 0 and 0 for none.
        """
        size = records = last = 0
        with self._reading():
            rows = self._connection.execute(
                "SELECT first_seq, last_seq, length(body) FROM batch WHERE first_seq > ?"
                " ORDER BY first_seq",
                (seq,),
            )
            for first_seq, last_seq, length in rows:
                last = first_seq
                records += last_seq - first_seq + 1
                size += length
                if size >= at_least_bytes:
                    break
            rows.close()
        return last, records

    def insert(self, batch: StoredBatch) -> None:
        """Store *batch*."""
        with self._writing():
            self._connection.execute("INSERT INTO batch VALUES (?, ?, ?)", batch)

    def evict(self, first_seq: int) -> None:
        """Delete all batches up to the one that begins with record *first_seq*."""
        with self._writing():
            self._connection.execute("DELETE FROM batch WHERE first_seq <= ?", (first_seq,))

    def acknowledge(self, seq: int) -> None:
        """Delete all batches up to record *seq*, and store that number, in one transaction."""
        with self._writing(), self._connection:
            self._connection.execute("BEGIN")
            self._connection.execute("DELETE FROM batch WHERE first_seq <= ?", (seq,))
            self._connection.execute("UPDATE numbering SET acknowledged = ?", (seq,))

    def absence(self) -> Absence | None:
        """Return the absence that was stored last, None if the outbox is new."""
        row = self._row("SELECT since_ms, reason FROM absence")
        return Absence(row[0], GapReason(row[1])) if row else None

    def store_absence(self, absence: Absence) -> None:
        """Store *absence* in place of the last one."""
        values = (absence.since_ms, absence.reason.value)
        with self._writing():
            execute = self._connection.execute
            if not execute("UPDATE absence SET since_ms = ?, reason = ?", values).rowcount:
                execute("INSERT INTO absence VALUES (?, ?)", values)

    def used_bytes(self) -> int:
        """Return the size of the file without its free pages."""
        return (self._pragma("page_count") - self._pragma("freelist_count")) * PAGE_BYTES

    def has_free_pages(self) -> bool:
        """Return whether there are enough free pages to return some to the file system."""
        return self._pragma("freelist_count") > _PAGES_RETURNED

    def return_pages(self) -> None:
        """Return some free pages to the file system."""
        with self._writing():
            # `execute` would only run the first step of the statement, which returns one page.
            self._connection.executescript(
                f"PRAGMA incremental_vacuum({_PAGES_RETURNED}); PRAGMA wal_checkpoint(TRUNCATE)"
            )

    def _pragma(self, name: str) -> int:
        row = self._row(f"PRAGMA {name}")
        return int(row[0]) if row else 0

    def _row(self, query: str, *arguments: int) -> tuple[Any, ...] | None:
        with self._reading():
            row: tuple[Any, ...] | None = self._connection.execute(query, arguments).fetchone()
        return row

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            raise self._damaged(error) from None

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError as error:
            raise self._damaged(error) from None

    def _damaged(self, error: sqlite3.DatabaseError) -> OutboxError:
        return OutboxError(f"{self._path} is damaged ({error}); the next start will set it aside")
