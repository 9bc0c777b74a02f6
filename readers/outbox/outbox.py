"""
The outbox: where a reader's batches lie from the moment they are made until Kafka has them.

1. A batch lies in a SQLite file, which survives the kill of the process at any moment.
2. While the disk does not take it, it lies in memory, up to a bound, and is sent from there; when
   there is room again, it goes to disk. No number is given twice after a kill: before anything is
   sent from memory, a mark beside the file says how far the numbers have come. Where not even that
   can be made, what is in memory waits for the disk.
3. When the file reaches its bound, the oldest batches are given up, and a gap record says so.
"""

from __future__ import annotations

import contextlib
import logging
import sqlite3
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from common.chat_gap import GapReason
from common.frames import Batch, decode_batch, encode_frame
from readers.outbox.file import PAGE_BYTES, OutboxError, open_outbox_file
from readers.outbox.gap_batch import gap_batch, gap_of_lost_batches
from readers.outbox.numbering_mark import NumberingMark, Numbers

#: Bytes of batches kept in memory while the disk does not take them.
MEMORY_MAX_BYTES = 64 * 1024 * 1024

#: The share of a full outbox that is given up at a time: one gap record for all of it.
_SHARE_EVICTED = 1 / 16

#: The share below which a full outbox counts as having room again.
_SHARE_WITH_ROOM = 3 / 4

#: Pages given back to the file system at a time, 4 KiB each: 10 ms of work.
_PAGES_GIVEN_BACK = 2048

logger = logging.getLogger(__name__)


class StoredBatch(NamedTuple):
    """A batch as it lies in the outbox."""

    first_seq: int
    last_seq: int
    #: The frame that travels the link.
    body: bytes


class Absence(NamedTuple):
    """Since when the reader is away from its channel, or would be if its process were gone."""

    since_ms: int
    reason: GapReason


class Outbox:
    """The batches of one reader that Kafka does not have yet, numbered record by record from 1."""

    def __init__(self, path: Path, channel: str, max_bytes: int) -> None:
        """
        Open the outbox at *path*, and make it if there is none. The file may grow to *max_bytes*.

        Raises OutboxError when it cannot be used, OutboxInUseError when another process has it.
        """
        self._database = open_outbox_file(path)
        self._path = path
        self._mark = NumberingMark(path)
        self._channel = channel
        self._max_bytes = max_bytes
        self._unwritten: deque[StoredBatch] = deque()
        self._unwritten_bytes = 0
        self._disk_refuses = False
        self._full = False
        name, acknowledged, skipped_to = self._one(
            "SELECT name, acknowledged, skipped_to FROM numbering"
        )
        (last,) = self._one("SELECT max(last_seq) FROM batch")
        #: Names the numbering, which is another one in another file.
        self.reader = f"{channel}/{name}"
        #: Number of the last record that was acknowledged, 0 for none.
        self.acknowledged: int = acknowledged
        self._trimmed = self.acknowledged
        #: Number of the last record that was put in, 0 for none.
        self.last_seq: int = max(last or 0, acknowledged, skipped_to)
        if self._mark.numbers:
            self.acknowledged = max(self.acknowledged, self._mark.numbers.acknowledged)
            self.last_seq = max(self.last_seq, self._mark.numbers.last_seq)
            self._on_disk(self._trim)
        #: Records that were given up since the outbox was opened.
        self.evicted = 0

    @property
    def oldest_seq(self) -> int:
        """Number of the oldest record held; when there is none, the one the next will have."""
        (first,) = self._one(
            "SELECT min(first_seq) FROM batch WHERE first_seq > ?", self.acknowledged
        )
        if first:
            return int(first)
        return self._unwritten[0].first_seq if self._unwritten else self.last_seq + 1

    @property
    def waiting(self) -> int:
        """The number of records that are held."""
        return self.last_seq - self.oldest_seq + 1

    def append(self, batch: Batch) -> None:
        """Put in *batch*; once this returns, a kill of the process does not lose it (rule 1)."""
        self._put(batch)
        self._keep_the_bounds()

    def batch_after(self, seq: int) -> StoredBatch | None:
        """Return the first batch that begins after record *seq*, if there is one."""
        row = self._one(
            "SELECT first_seq, last_seq, body FROM batch WHERE first_seq > ?"
            " ORDER BY first_seq LIMIT 1",
            seq,
        )
        if row:
            return StoredBatch(*row)
        if self._mark.numbers is None or self._mark.numbers.last_seq < self.last_seq:
            return None
        return next((batch for batch in self._unwritten if batch.first_seq > seq), None)

    def acknowledge(self, seq: int) -> None:
        """Take out every batch that ends with record *seq* or before."""
        self.acknowledged = seq
        while self._unwritten and self._unwritten[0].first_seq <= seq:
            self._unwritten_bytes -= len(self._unwritten.popleft().body)
        self._on_disk(self._trim)
        if self._disk_refuses:
            self._set_mark()

    def absence(self) -> Absence | None:
        """Return the absence that was kept last; None when this outbox has just been made."""
        row = self._database.execute("SELECT since_ms, reason FROM absence").fetchone()
        return Absence(row[0], GapReason(row[1])) if row else None

    def keep_absence(self, absence: Absence) -> None:
        """Keep *absence* in the place of the last one."""
        self._on_disk(self._replace_absence, absence)

    def tidy(self) -> bool:
        """
        Try again what the disk refused, and give back to it what is no longer needed.

        Return whether there is more to be done.
        """
        if self._trimmed < self.acknowledged:
            self._on_disk(self._trim)
        self._write()
        if not self._unwritten and self._trimmed == self.acknowledged:
            self._mark.remove()
        has_pages_to_give = self._pragma("freelist_count") > _PAGES_GIVEN_BACK
        if has_pages_to_give:
            self._on_disk(self._give_pages_back)
        return has_pages_to_give or bool(self._unwritten) or self._trimmed < self.acknowledged

    def close(self) -> None:
        """Close the file, which another process may then open."""
        self._database.close()

    def _put(self, batch: Batch) -> None:
        first_seq = self.last_seq + 1
        self.last_seq += len(batch.records)
        stored = StoredBatch(first_seq, self.last_seq, encode_frame(batch))
        self._unwritten.append(stored)
        self._unwritten_bytes += len(stored.body)
        self._write()

    def _write(self) -> None:
        while self._unwritten:
            batch = self._unwritten[0]
            if not self._on_disk(self._insert, batch):
                return
            self._unwritten.popleft()
            self._unwritten_bytes -= len(batch.body)

    def _insert(self, batch: StoredBatch) -> None:
        self._database.execute("INSERT INTO batch VALUES (?, ?, ?)", batch)

    def _trim(self) -> None:
        with self._database:
            self._database.execute("BEGIN")
            self._database.execute("DELETE FROM batch WHERE first_seq <= ?", (self.acknowledged,))
            self._database.execute("UPDATE numbering SET acknowledged = ?", (self.acknowledged,))
        self._trimmed = self.acknowledged

    def _replace_absence(self, absence: Absence) -> None:
        values = (absence.since_ms, absence.reason.value)
        execute = self._database.execute
        if not execute("UPDATE absence SET since_ms = ?, reason = ?", values).rowcount:
            execute("INSERT INTO absence VALUES (?, ?)", values)

    def _give_pages_back(self) -> None:
        # As a script: `execute` would take only the first step of it, which is one page.
        self._database.executescript(
            f"PRAGMA incremental_vacuum({_PAGES_GIVEN_BACK}); PRAGMA wal_checkpoint(TRUNCATE)"
        )

    def _on_disk(self, work: Callable[..., object], *arguments: Any) -> bool:
        """Do *work*, and return whether the disk let us; tell when that changes."""
        try:
            work(*arguments)
        except sqlite3.OperationalError as error:
            self._set_mark()
            if not self._disk_refuses:
                logger.error(
                    "%s cannot be written (%s): messages are kept in memory until it can,"
                    " and are lost if this process ends before",
                    self._path,
                    error,
                )
            self._disk_refuses = True
            return False
        except sqlite3.DatabaseError as error:
            raise self._damaged(error) from None
        if self._disk_refuses:
            logger.info("%s can be written again", self._path)
        self._disk_refuses = False
        return True

    def _set_mark(self) -> None:
        # If it cannot be set, nothing is sent from memory (rule 2).
        with contextlib.suppress(OSError):
            self._mark.set(Numbers(self.acknowledged, self.last_seq))

    def _damaged(self, error: sqlite3.DatabaseError) -> OutboxError:
        return OutboxError(f"{self._path} is damaged ({error}): the next start sets it aside")

    def _keep_the_bounds(self) -> None:
        while self._unwritten_bytes > MEMORY_MAX_BYTES:
            batch = self._unwritten.popleft()
            self._unwritten_bytes -= len(batch.body)
            self._record_eviction(batch, batch, batch.last_seq - batch.first_seq + 1)
        used = (self._pragma("page_count") - self._pragma("freelist_count")) * PAGE_BYTES
        if used > self._max_bytes:
            self._evict_oldest()
        elif self._full and used < self._max_bytes * _SHARE_WITH_ROOM:
            self._full = False
            logger.info("the outbox has room again; %d messages were given up", self.evicted)

    def _evict_oldest(self) -> None:
        """Make room in the file: a share of it goes, oldest first, and is told of before."""
        rows = self._database.execute(
            "SELECT first_seq, last_seq, length(body) FROM batch WHERE first_seq > ?"
            " ORDER BY first_seq",
            (self.acknowledged,),
        )
        size = records = last = 0
        for first_seq, last_seq, length in rows:
            last = first_seq
            records += last_seq - first_seq + 1
            size += length
            if size >= self._max_bytes * _SHARE_EVICTED:
                break
        rows.close()
        oldest, newest = self.batch_after(self.acknowledged), self.batch_after(last - 1)
        if oldest is None or newest is None or not records:
            return
        if not self._full:
            self._full = True
            logger.error(
                "%s has reached OUTBOX_MAX_BYTES: the oldest messages are given up"
                " until the publisher takes some; a gap record tells of them",
                self._path,
            )
        self._record_eviction(oldest, newest, records)
        self._on_disk(self._database.execute, "DELETE FROM batch WHERE first_seq <= ?", (last,))

    def _record_eviction(self, oldest: StoredBatch, newest: StoredBatch, records: int) -> None:
        self.evicted += records
        gap = gap_of_lost_batches(
            self._channel, decode_batch(oldest.body), decode_batch(newest.body)
        )
        self._put(gap_batch(gap))

    def _pragma(self, name: str) -> int:
        return int(self._one(f"PRAGMA {name}")[0])

    def _one(self, query: str, *arguments: int) -> tuple[Any, ...]:
        try:
            row: tuple[Any, ...] = self._database.execute(query, arguments).fetchone()
        except sqlite3.DatabaseError as error:
            raise self._damaged(error) from None
        return row
