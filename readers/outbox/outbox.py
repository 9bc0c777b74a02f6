"""
The outbox: keeps a reader's batches from the moment they are made until Kafka has confirmed them.

1. A batch is written to a SQLite file before it is sent, so a kill of the process loses nothing.
2. While the disk is full, batches are kept in memory, up to a bound, and sent from there. They are
   written as soon as there is room again. Before anything is sent from memory, a mark beside the
   file records how far the numbers have come, so that no number is used twice after a kill. If not
   even the mark can be written, the batches in memory are not sent.
3. When the file reaches its bound, the oldest batches are evicted, and a gap record is added.

What is durable: the rows of the file, with the acknowledged number in it (`_trimmed`), and the mark
while there is one. All other numbers are in memory and are derived from these when the file is
opened. The Outbox owns them all: the last number given, the last one acknowledged, the oldest held.
"""

from __future__ import annotations

import contextlib
import logging
import sqlite3
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

from common.frames import Batch, decode_batch, encode_frame
from readers.outbox.database import Absence, OutboxDatabase, StoredBatch
from readers.outbox.file import PAGE_BYTES
from readers.outbox.gap_batch import gap_batch, gap_of_lost_batches
from readers.outbox.numbering_mark import NumberingMark, Numbers

#: Bytes of batches kept in memory while the disk does not take them.
MEMORY_MAX_BYTES = 64 * 1024 * 1024

#: The share of a full outbox that is evicted at a time, with one gap record for all of it.
_SHARE_EVICTED = 1 / 16

#: A full outbox has room again once it uses less than this share of its bound.
_SHARE_WITH_ROOM = 3 / 4

#: Pages that a stored batch can take beyond those of its body: the row's own, and pages of the
#: B-tree that are split.
_PAGES_OF_A_ROW = 4

logger = logging.getLogger(__name__)


class Outbox:
    """One reader's batches that Kafka has not confirmed. Records are numbered from 1 (`seq`)."""

    def __init__(self, path: Path, channel: str, max_bytes: int) -> None:
        """
        Open the outbox at *path*, creating it if necessary. The file may grow to *max_bytes*.

        Raises OutboxError if it cannot be used, OutboxInUseError if another process has it open.
        """
        self._database = OutboxDatabase(path)
        self._path = path
        self._mark = NumberingMark(path)
        self._channel = channel
        self._max_bytes = max_bytes
        self._unwritten: deque[StoredBatch] = deque()
        self._unwritten_bytes = 0
        self._disk_refuses = False
        self._full = False
        numbering = self._database.numbering()
        #: Identifies the numbering. Every outbox file has another name.
        self.reader = f"{channel}/{numbering.name}"
        #: The last record that was acknowledged, 0 for none.
        self.acknowledged = numbering.acknowledged
        #: The acknowledged number in the file, which has no batches before it.
        self._trimmed = numbering.acknowledged
        #: The last record that was put in, 0 for none.
        self.last_seq = numbering.last_seq
        if self._mark.numbers:
            self.acknowledged = max(self.acknowledged, self._mark.numbers.acknowledged)
            self.last_seq = max(self.last_seq, self._mark.numbers.last_seq)
            self.trim()
        #: The oldest record held; None where the file has to be asked.
        self._oldest_seq: int | None = None
        #: The file uses no more than this. It is cheaper to keep than the exact size is to ask for.
        self._used_at_most = self._database.used_bytes()
        #: Records that were evicted since the outbox was opened.
        self.evicted = 0

    @property
    def oldest_seq(self) -> int:
        """The oldest record held; if there is none, the number that the next record will have."""
        if self._oldest_seq is None:
            first = self._database.first_seq_after(self.acknowledged)
            if first is None and self._unwritten:
                first = self._unwritten[0].first_seq
            self._oldest_seq = first or self.last_seq + 1
        return self._oldest_seq

    @property
    def waiting(self) -> int:
        """The number of records that are held."""
        return self.last_seq - self.oldest_seq + 1

    def append(self, batch: Batch) -> StoredBatch | None:
        """
        Put in *batch*. Once this returns, a kill of the process does not lose it (rule 1).

        Returns the batch as it is stored if it can be sent now; None if it has to wait (rule 2), or
        if something was evicted (rule 3), which may be this batch.
        """
        stored = self._put(batch)
        evicted_before = self.evicted
        self._keep_the_bounds()
        must_wait = self._unwritten and not self._may_send_from_memory()
        return None if must_wait or self.evicted > evicted_before else stored

    def batch_after(self, seq: int) -> StoredBatch | None:
        """Return the first batch that begins after record *seq* and can be sent, or None."""
        stored = self._database.batch_after(seq)
        if stored is not None or not self._may_send_from_memory():
            return stored
        return next((batch for batch in self._unwritten if batch.first_seq > seq), None)

    def acknowledge(self, seq: int) -> None:
        """
        Note that Kafka has every record up to *seq*. `trim` then deletes them from the file.

        A number that was acknowledged before changes nothing.
        """
        if seq <= self.acknowledged:
            return
        self.acknowledged = seq
        while self._unwritten and self._unwritten[0].first_seq <= seq:
            self._unwritten_bytes -= len(self._unwritten.popleft().body)
        if self._oldest_seq is not None and self._oldest_seq <= seq:
            self._oldest_seq = seq + 1 if seq == self.last_seq else None

    def trim(self) -> None:
        """Delete what is acknowledged from the file; if the disk refuses, `tidy` tries again."""
        acknowledged = self.acknowledged
        if self._trimmed < acknowledged and self._on_disk(self._database.acknowledge, acknowledged):
            self._trimmed = acknowledged

    def absence(self) -> Absence | None:
        """Return the absence that was stored last; None if this outbox is new."""
        return self._database.absence()

    def store_absence(self, absence: Absence) -> None:
        """Store *absence* in place of the last one."""
        self._on_disk(self._database.store_absence, absence)

    def tidy(self) -> bool:
        """
        Retry what the disk refused, and return free pages to the file system.

        Returns whether there is more to do.
        """
        self.trim()
        self._write()
        if not self._unwritten and self._trimmed == self.acknowledged:
            self._mark.remove()
        has_free_pages = self._database.has_free_pages()
        if has_free_pages:
            self._on_disk(self._database.return_pages)
        return has_free_pages or bool(self._unwritten) or self._trimmed < self.acknowledged

    def close(self) -> None:
        """Close the file, which another process may then open."""
        self._database.close()

    def _put(self, batch: Batch) -> StoredBatch:
        first_seq = self.last_seq + 1
        self.last_seq += len(batch.records)
        stored = StoredBatch(first_seq, self.last_seq, encode_frame(batch))
        self._unwritten.append(stored)
        self._unwritten_bytes += len(stored.body)
        self._write()
        return stored

    def _may_send_from_memory(self) -> bool:
        """Return whether the mark covers every number that was given (rule 2)."""
        return self._mark.numbers is not None and self._mark.numbers.last_seq >= self.last_seq

    def _write(self) -> None:
        while self._unwritten:
            batch = self._unwritten[0]
            if not self._on_disk(self._database.insert, batch):
                return
            self._unwritten.popleft()
            self._unwritten_bytes -= len(batch.body)
            self._used_at_most += len(batch.body) + _PAGES_OF_A_ROW * PAGE_BYTES

    def _on_disk(self, work: Callable[..., object], *arguments: Any) -> bool:
        """Do *work*, and return whether the disk accepted it; log when that changes."""
        try:
            work(*arguments)
        except sqlite3.OperationalError as error:
            self._set_mark()
            if not self._disk_refuses:
                logger.error(
                    "cannot write %s (%s): keeping messages in memory until it can be written;"
                    " they are lost if this process ends before",
                    self._path,
                    error,
                )
            self._disk_refuses = True
            return False
        if self._disk_refuses:
            logger.info("%s can be written again", self._path)
        self._disk_refuses = False
        return True

    def _set_mark(self) -> None:
        # If this fails, nothing is sent from memory (rule 2).
        with contextlib.suppress(OSError):
            self._mark.set(Numbers(self.acknowledged, self.last_seq))

    def _keep_the_bounds(self) -> None:
        while self._unwritten_bytes > MEMORY_MAX_BYTES:
            batch = self._unwritten.popleft()
            self._unwritten_bytes -= len(batch.body)
            self._oldest_seq = None
            self._record_eviction(batch, batch, batch.last_seq - batch.first_seq + 1)
        if self._used_at_most <= self._max_bytes and not self._full:
            return
        self._used_at_most = used = self._database.used_bytes()
        if used > self._max_bytes:
            self._evict_oldest()
        elif self._full and used < self._max_bytes * _SHARE_WITH_ROOM:
            self._full = False
            logger.info("the outbox has room again; %d messages were evicted", self.evicted)

    def _evict_oldest(self) -> None:
        """Make room in the file: evict a share of it, oldest first, after adding a gap record."""
        share = self._max_bytes * _SHARE_EVICTED
        last, records = self._database.oldest_batches(self.acknowledged, share)
        oldest = self._database.batch_after(self.acknowledged)
        newest = self._database.batch_after(last - 1)
        if oldest is None or newest is None or not records:
            return
        if not self._full:
            self._full = True
            logger.error(
                "%s has reached OUTBOX_MAX_BYTES: evicting the oldest messages until the publisher"
                " acknowledges some; gap records are added for them",
                self._path,
            )
        self._record_eviction(oldest, newest, records)
        self._on_disk(self._database.evict, last)
        self._oldest_seq = None

    def _record_eviction(self, oldest: StoredBatch, newest: StoredBatch, records: int) -> None:
        self.evicted += records
        gap = gap_of_lost_batches(
            self._channel, decode_batch(oldest.body), decode_batch(newest.body)
        )
        self._put(gap_batch(gap))
