"""
The outbox: keeps a reader's batches from the moment they are made until Kafka has confirmed them.

1. A batch is written to a SQLite file before it is sent, so a kill of the process loses nothing.
2. While the disk is full, batches are kept in memory, up to a bound, and sent from there. They are
   written as soon as there is room again. Before anything is sent from memory, a mark beside the
   file records how far the numbers have come, so that no number is used twice after a kill. If not
   even the mark can be written, the batches in memory are not sent.
3. When the file reaches its bound, the oldest batches are evicted, and a gap record is added in the
   same transaction. Batches in memory have a bound, too; a share of them is evicted at a time.
4. The absence in the file is never later than a batch that is only in memory. So the gap record
   after a kill covers what was in memory.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

from common.chat_gap import GapReason
from common.frames import Batch
from common.status.reader_status import ReaderStatus
from readers.outbox.books import Books, opened
from readers.outbox.database import Absence, OutboxDatabase, StoredBatch
from readers.outbox.file_bound import FileBound
from readers.outbox.lost_spans import LostSpans
from readers.outbox.numbering import Numbering
from readers.outbox.oldest_seq import OldestSeq
from readers.outbox.refusals import Refusals
from readers.outbox.safe_until import SafeUntil
from readers.outbox.unwritten import UnwrittenBatches
from readers.outbox.waiting_times import ConfirmedTimes


class Outbox:
    """One reader's batches that Kafka has not confirmed. Records are numbered from 1 (`seq`)."""

    def __init__(
        self, path: Path, channel: str, max_bytes: int, status: ReaderStatus | None = None
    ) -> None:
        """
        Open the outbox at *path*, creating it if necessary. The file may grow to *max_bytes*.

        Its books continue those in *status*. Raises OutboxError if it cannot be used,
        OutboxInUseError if another process has it open.
        """
        self._database = OutboxDatabase(path)
        self._safe_until = SafeUntil(path)
        self._channel = channel
        self._unwritten = UnwrittenBatches()
        #: The absence that is to be stored once everything is written (rule 4).
        self._absence: Absence | None = None
        self._books = Books(status or ReaderStatus())
        self._oldest = OldestSeq(self._first_seq_held)
        #: Called before something is evicted: what is acknowledged need not be.
        self.before_eviction: Callable[[], object] = lambda: None
        #: Messages that were evicted since the outbox was opened.
        self.evicted = 0
        try:
            self._file_bound = FileBound(self._database, path, max_bytes)
            self.numbering = Numbering(self._database, path, channel)
            self._refusals = Refusals(path, self.numbering, self._unwritten)
            self._books.open(opened(self._database, self.numbering))
            self._store_numbering()
            self._store_first_absence()
        except BaseException:
            # In the same process, a later attempt would find it locked.
            self._database.close()
            raise

    @property
    def reader(self) -> str:
        """The name under which the publisher knows the numbers."""
        return self.numbering.reader

    @property
    def acknowledged(self) -> int:
        """The last record that was acknowledged, 0 for none."""
        return self.numbering.acknowledged

    @property
    def last_seq(self) -> int:
        """The last record that was put in, 0 for none."""
        return self.numbering.last_seq

    @property
    def oldest_seq(self) -> int:
        """The oldest record held; if there is none, the number that the next record will have."""
        return self._oldest.get()

    @property
    def is_empty(self) -> bool:
        """Whether no record is held."""
        return self.oldest_seq > self.last_seq

    @property
    def unwritten(self) -> int:
        """The number of records that are held in memory only."""
        return self._unwritten.records

    @property
    def waiting(self) -> int:
        """The number of records that are held."""
        return self._books.status.waiting

    def append(self, batch: Batch) -> StoredBatch | None:
        """
        Put in *batch*. Once this returns, a kill of the process does not lose it (rule 1).

        Returns the batch as it is stored if it can be sent now; None if it has to wait (rule 2), or
        if something was evicted (rule 3), which may be this batch.
        """
        stored = self._put(batch)
        if self._unwritten.batches:
            # The file does not grow now.
            if self._unwritten.is_over_bound:
                self.before_eviction()
            if self._unwritten.is_over_bound:
                self._evict_from_memory()
                return None
            return stored if self.numbering.is_marked else None
        if self._file_bound.bytes_to_evict(self.evicted):
            self.before_eviction()
            to_evict = self._file_bound.bytes_to_evict(self.evicted)
            if to_evict and self._evict_from_file(to_evict):
                return None
        return stored

    def batch_after(self, seq: int) -> StoredBatch | None:
        """Return the first batch that begins after record *seq* and can be sent, or None."""
        stored = self._database.batch_after(seq)
        if stored is not None or not self.numbering.is_marked:
            return stored
        return self._unwritten.batch_after(seq)

    def rename_numbering(self) -> None:
        """Give the numbering a new name, which no copy of this outbox uses."""
        self.numbering.rename()
        self._store_numbering()

    def acknowledge(self, seq: int, confirmed: ConfirmedTimes = ()) -> None:
        """
        Note that Kafka has every record up to *seq*. `trim` then deletes them from the file.

        *confirmed* says when Kafka confirmed them, as an Acknowledgement does.

        A number that was acknowledged before changes nothing.
        """
        if seq <= self.acknowledged:
            return
        self.numbering.acknowledged = seq
        self._books.on_acknowledged(seq, confirmed)
        self._unwritten.remove_until(seq)
        self._oldest.remove_until(seq, self.last_seq)

    def give_up(self, seq: int) -> None:
        """Let all records up to *seq* count as acknowledged: events that nobody takes."""
        self.acknowledge(seq)
        self._books.on_events_given_up()

    def trim(self) -> None:
        """Delete what is acknowledged from the file; if the disk refuses, `tidy` tries again."""
        if not self.numbering.is_ahead:
            return
        absence = None if self._unwritten.batches else self._absence
        if self._refusals.accepts(self.numbering.trim, absence) and absence:
            self._absence = None

    def absence(self) -> Absence | None:
        """Return the absence that was stored last; None if this outbox is new."""
        return self._database.absence()

    def store_absence(self, absence: Absence, *, may_wait: bool = False) -> None:
        """
        Store *absence* in place of the last one: now, or once everything is written (rule 4).

        With *may_wait*, it may wait until `trim` or `tidy`, if something is to be acknowledged.
        """
        self._safe_until.on_received(self.last_seq, absence.since_ms, self.acknowledged)
        self._absence = absence
        if not may_wait or self.is_empty:
            self._store_absence()

    def tidy(self) -> bool:
        """
        Retry what the disk refused, and return free pages to the file system.

        Returns whether there is more to do.
        """
        self.trim()
        self._write()
        self._store_absence()
        is_behind = (
            bool(self._unwritten.batches)
            or self.numbering.is_ahead
            or self._absence is not None
            or not self.numbering.is_stored
        )
        if not is_behind:
            self._refusals.on_all_written()
        self._file_bound.measure()
        has_free_pages = self._file_bound.has_free_pages
        if has_free_pages:
            self._refusals.accepts(self._database.return_pages)
        return has_free_pages or is_behind

    def take_stock(self) -> None:
        """Put into the status what is true at this moment, before it is written."""
        self._books.take_stock(self.unwritten, self.reader)
        self._books.status.outbox_bytes = self._file_bound.used_bytes

    def close(self) -> None:
        """Close the file, which another process may then open."""
        self._database.close()

    def _first_seq_held(self) -> int:
        first_seq = self._database.first_seq_after(self.acknowledged)
        if first_seq is None and (oldest := self._unwritten.oldest):
            first_seq = oldest.first_seq
        return first_seq or self.last_seq + 1

    def _store_numbering(self) -> None:
        if not self.numbering.is_stored:
            self._refusals.accepts(self.numbering.store)

    def _put(self, batch: Batch) -> StoredBatch:
        numbering, unwritten = self.numbering, self._unwritten
        stored = numbering.numbered(batch)
        numbering.last_seq = stored.last_seq
        self._oldest.add(stored.first_seq)
        self._books.on_put(stored, batch)
        if unwritten.batches or not numbering.is_stored:
            unwritten.append(stored)
            self._write()
        elif not self._insert(stored):
            unwritten.append(stored)
        return stored

    def _write(self) -> None:
        # In the file, numbers without their incarnation would belong to the one before.
        self._store_numbering()
        while self.numbering.is_stored and (batch := self._unwritten.oldest):
            if not self._insert(batch):
                return
            self._unwritten.remove_oldest()

    def _insert(self, batch: StoredBatch) -> bool:
        try:
            self._database.insert(batch)
        except sqlite3.OperationalError as error:
            self._refusals.on_refused(error)
            return False
        self._file_bound.on_inserted(batch)
        return True

    def _store_absence(self) -> None:
        if self._absence is None or self._unwritten.batches:
            return
        if self._refusals.accepts(self._database.store_absence, self._absence):
            self._absence = None

    def _store_first_absence(self) -> None:
        """Store an absence if a killed reader only had a mark: its disk refused all else."""
        marked_ms = self.numbering.marked_since_ms()
        if marked_ms is not None and self._database.absence() is None:
            self.store_absence(Absence(marked_ms, GapReason.RESTARTED))

    def _evict_from_memory(self) -> None:
        """Evict a share of the memory, oldest first."""
        self._refusals.on_memory_full()
        lost = LostSpans(self._channel)
        first_seq, last_seq = self._unwritten.evict(lost)
        self._on_evicted(first_seq, last_seq, lost)
        self._put(lost.gap_batch())

    def _evict_from_file(self, to_evict: int) -> bool:
        """Evict *to_evict* bytes, or all, oldest first; return False if the disk refuses that."""
        lost = LostSpans(self._channel)
        newest = None
        for newest in self._database.batches_after(self.acknowledged):
            lost.add(newest.body)
            to_evict -= len(newest.body)
            if to_evict <= 0:
                break
        gap_batch = lost.gap_batch()
        gap = self.numbering.numbered(gap_batch)
        if not newest or not self._refusals.accepts(
            self._database.replace_oldest, newest.first_seq, gap
        ):
            return False
        self.numbering.last_seq = gap.last_seq
        self._on_evicted(0, newest.last_seq, lost)
        self._books.on_put(gap, gap_batch)
        self._file_bound.on_evicted()
        return True

    def _on_evicted(self, first_seq: int, last_seq: int, lost: LostSpans) -> None:
        self._books.on_evicted(first_seq, last_seq, lost)
        self.evicted += lost.messages
        self._oldest.forget()
