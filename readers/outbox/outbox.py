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
5. When a copy of the file uses the same numbers, the numbering takes a new name, under which the
   publisher takes everything that is held. A new name that the disk refuses is used nevertheless,
   and stored later. If the process is killed before, the next one finds the same copy, and takes
   yet another name.

What is durable: the rows of the file, with the acknowledged number in it (`_trimmed`), and the mark
while there is one. All other numbers are in memory and are derived from these when the file is
opened. The Outbox owns them all: the last number given, the last one acknowledged, the oldest held.
"""

from __future__ import annotations

import contextlib
import logging
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

from common.chat_gap import GapReason
from common.frames import Batch, encode_frame
from readers.outbox.database import Absence, OutboxDatabase, StoredBatch
from readers.outbox.file import new_numbering_name
from readers.outbox.file_bound import FileBound
from readers.outbox.incarnations import Incarnations
from readers.outbox.lost_spans import LostSpans
from readers.outbox.memory_bound import memory_bound
from readers.outbox.numbering_mark import NumberingMark, Numbers
from readers.outbox.safe_until import SafeUntil
from readers.outbox.unwritten import UnwrittenBatches

logger = logging.getLogger(__name__)


class Outbox:
    """One reader's batches that Kafka has not confirmed. Records are numbered from 1 (`seq`)."""

    def __init__(self, path: Path, channel: str, max_bytes: int) -> None:
        """
        Open the outbox at *path*, creating it if necessary. The file may grow to *max_bytes*.

        Raises OutboxError if it cannot be used, OutboxInUseError if another process has it open.
        """
        self._database = OutboxDatabase(path)
        with contextlib.ExitStack() as on_error:
            # In the same process, a later attempt would find it locked.
            on_error.callback(self._database.close)
            self._path = path
            self._mark = NumberingMark(path)
            self._safe_until = SafeUntil(path)
            self._channel = channel
            self._file_bound = FileBound(self._database, path, max_bytes)
            self._unwritten = UnwrittenBatches()
            #: The absence that is to be stored once everything is written (rule 4).
            self._absence: Absence | None = None
            self._disk_refuses = False
            self._is_memory_full = False
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
                self._store_first_absence()
            self._incarnations = Incarnations(self._database.incarnations())
            self._incarnations.begin(self.last_seq + 1, self.acknowledged)
            self._numbering_is_stored = False
            self._store_numbering()
            #: The oldest record held; None where the file has to be asked.
            self._oldest_seq: int | None = None
            #: Messages that were evicted since the outbox was opened.
            self.evicted = 0
            on_error.pop_all()

    @property
    def oldest_seq(self) -> int:
        """The oldest record held; if there is none, the number that the next record will have."""
        if self._oldest_seq is None:
            first = self._database.first_seq_after(self.acknowledged)
            if first is None and self._unwritten.oldest:
                first = self._unwritten.oldest.first_seq
            self._oldest_seq = first or self.last_seq + 1
        return self._oldest_seq

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
        """The number of records that are held. Reads the file; ask `is_empty` where it will do."""
        return self._database.records_after(self.acknowledged) + self.unwritten

    def append(self, batch: Batch) -> StoredBatch | None:
        """
        Put in *batch*. Once this returns, a kill of the process does not lose it (rule 1).

        Returns the batch as it is stored if it can be sent now; None if it has to wait (rule 2), or
        if something was evicted (rule 3), which may be this batch.
        """
        stored = self._put(batch)
        if self._unwritten:
            # The file does not grow now.
            if self._unwritten.is_over_bound:
                self._evict_from_memory()
                return None
            return stored if self._may_send_from_memory() else None
        to_evict = self._file_bound.bytes_to_evict(self.evicted)
        if to_evict and self._evict_from_file(to_evict):
            return None
        return stored

    def batch_after(self, seq: int) -> StoredBatch | None:
        """Return the first batch that begins after record *seq* and can be sent, or None."""
        stored = self._database.batch_after(seq)
        if stored is not None or not self._may_send_from_memory():
            return stored
        return self._unwritten.batch_after(seq)

    def incarnation_of(self, seq: int) -> int:
        """Return the incarnation that gave number *seq*, the last acknowledged or a later one."""
        return self._incarnations.of(seq)

    def may_have_given(self, seq: int, incarnation: int) -> bool:
        """
        Return whether *incarnation* gave number *seq* to a record of this outbox.

        If not, a copy of this outbox gave it. 0 stands for an unknown incarnation.
        """
        if seq <= self.acknowledged:
            return True
        return seq <= self.last_seq and self._incarnations.may_have_given(seq, incarnation)

    def rename_numbering(self) -> None:
        """Give the numbering a new name, which no copy of this outbox uses (rule 5)."""
        self.reader = f"{self._channel}/{new_numbering_name()}"
        self._numbering_is_stored = False
        self._store_numbering()

    def acknowledge(self, seq: int) -> None:
        """
        Note that Kafka has every record up to *seq*. `trim` then deletes them from the file.

        A number that was acknowledged before changes nothing.
        """
        if seq <= self.acknowledged:
            return
        self.acknowledged = seq
        self._unwritten.remove_until(seq)
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
        """Store *absence* in place of the last one: now, or once everything is written (rule 4)."""
        self._safe_until.on_received(self.last_seq, absence.since_ms, self.acknowledged)
        self._absence = absence
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
            bool(self._unwritten)
            or self._trimmed < self.acknowledged
            or self._absence is not None
            or not self._numbering_is_stored
        )
        if not is_behind:
            self._on_all_written()
        has_free_pages = self._database.has_free_pages()
        if has_free_pages:
            self._on_disk(self._database.return_pages)
        return has_free_pages or is_behind

    def close(self) -> None:
        """Close the file, which another process may then open."""
        self._database.close()

    def _store_numbering(self) -> None:
        if not self._numbering_is_stored:
            name = self.reader.removeprefix(f"{self._channel}/")
            self._numbering_is_stored = self._on_disk(
                self._database.store_numbering, name, self._incarnations.rows
            )

    def _put(self, batch: Batch) -> StoredBatch:
        stored = self._numbered(batch)
        self.last_seq = stored.last_seq
        if self._unwritten or not self._numbering_is_stored:
            self._unwritten.append(stored)
            self._write()
        elif not self._insert(stored):
            self._unwritten.append(stored)
        return stored

    def _numbered(self, batch: Batch) -> StoredBatch:
        """Return *batch* with the next numbers."""
        first_seq = self.last_seq + 1
        return StoredBatch(first_seq, self.last_seq + len(batch.records), encode_frame(batch))

    def _may_send_from_memory(self) -> bool:
        """Return whether the mark covers every number that was given (rule 2)."""
        return self._mark.numbers is not None and self._mark.numbers.last_seq >= self.last_seq

    def _write(self) -> None:
        # In the file, numbers without their incarnation would belong to the one before.
        self._store_numbering()
        while self._numbering_is_stored and (batch := self._unwritten.oldest):
            if not self._insert(batch):
                return
            self._unwritten.remove_oldest()

    def _insert(self, batch: StoredBatch) -> bool:
        is_stored = self._on_disk(self._database.insert, batch)
        if is_stored:
            self._file_bound.on_inserted(batch)
        return is_stored

    def _store_absence(self) -> None:
        if self._absence is None or self._unwritten:
            return
        if self._on_disk(self._database.store_absence, self._absence):
            self._absence = None

    def _store_first_absence(self) -> None:
        """Store an absence if a killed reader only had a mark: its disk refused all else."""
        if self._database.absence() is None:
            self.store_absence(Absence(self._mark.set_since_ms(), GapReason.RESTARTED))

    def _on_all_written(self) -> None:
        # The numbers in a mark that was found are in the file once a batch follows them.
        mark = self._mark.numbers
        if mark and mark.last_seq <= self._database.numbering().last_seq:
            self._mark.remove()
        if self._disk_refuses:
            self._disk_refuses = self._is_memory_full = False
            logger.info("%s can be written again", self._path)

    def _on_disk(self, work: Callable[..., object], *arguments: Any) -> bool:
        """Do *work*, and return whether the disk accepted it; log the first refusal."""
        try:
            work(*arguments)
        except sqlite3.OperationalError as error:
            self._set_mark()
            if not self._disk_refuses:
                self._disk_refuses = True
                self._unwritten.max_bytes = memory_bound(self._path.parent)
                logger.error(
                    "cannot write %s (%s): keeping messages in memory until it can be written;"
                    " they are lost if this process ends before",
                    self._path,
                    error,
                )
            return False
        return True

    def _set_mark(self) -> None:
        # If this fails, nothing is sent from memory (rule 2).
        with contextlib.suppress(OSError):
            self._mark.set(Numbers(self.acknowledged, self.last_seq))

    def _evict_from_memory(self) -> None:
        """Evict a share of the memory, oldest first."""
        if not self._is_memory_full:
            self._is_memory_full = True
            logger.error(
                "%s cannot be written, and its %d KiB of memory are full: evicting the oldest"
                " messages; gap records are added for them",
                self._path,
                self._unwritten.max_bytes // 1024,
            )
        lost = LostSpans(self._channel)
        self._unwritten.evict(lost)
        self._on_evicted(lost)
        self._put(lost.gap_batch())

    def _evict_from_file(self, to_evict: int) -> bool:
        """Evict *to_evict* bytes, or all, oldest first; return False if the disk refuses that."""
        lost = LostSpans(self._channel)
        last = 0
        for batch in self._database.batches_after(self.acknowledged):
            lost.add(batch.body)
            last = batch.first_seq
            to_evict -= len(batch.body)
            if to_evict <= 0:
                break
        gap = self._numbered(lost.gap_batch())
        if not last or not self._on_disk(self._database.replace_oldest, last, gap):
            return False
        self.last_seq = gap.last_seq
        self._on_evicted(lost)
        self._file_bound.on_evicted()
        return True

    def _on_evicted(self, lost: LostSpans) -> None:
        self.evicted += lost.messages
        self._oldest_seq = None
