"""
The numbers of an outbox, and the name under which the publisher knows them.

What is durable: the numbers in the file, and the mark while there is one. All others are in memory
and are derived from these when the file is opened.

When a copy of the file uses the same numbers, the numbering takes a new name, under which the
publisher takes everything that is held. A new name that the disk refuses is used nevertheless, and
stored later. If the process is killed before, the next one finds the same copy, and takes yet
another name.
"""

from __future__ import annotations

from pathlib import Path

from common.frames import Batch, encode_frame
from readers.outbox.database import Absence, OutboxDatabase, StoredBatch
from readers.outbox.file import new_numbering_name
from readers.outbox.incarnations import Incarnations
from readers.outbox.numbering_mark import NumberingMark, Numbers


class Numbering:
    """The last number given, the last one acknowledged, and which incarnation gave which."""

    def __init__(self, database: OutboxDatabase, path: Path, channel: str) -> None:
        """Begin an incarnation of the outbox at *path*."""
        self._database = database
        self._channel = channel
        self._mark = NumberingMark(path)
        stored = database.numbering()
        self._name = stored.name
        #: The name for the publisher.
        self.reader = f"{channel}/{stored.name}"
        #: The last record that was acknowledged, 0 for none.
        self.acknowledged = stored.acknowledged
        #: The acknowledged number in the file, which has no batches before it.
        self._trimmed = stored.acknowledged
        #: The last record that was put in, 0 for none.
        self.last_seq = stored.last_seq
        if self._mark.numbers:
            self.acknowledged = max(self.acknowledged, self._mark.numbers.acknowledged)
            self.last_seq = max(self.last_seq, self._mark.numbers.last_seq)
        self._incarnations = Incarnations(database.incarnations())
        self._incarnations.begin(self.last_seq + 1, self.acknowledged)
        #: Return the incarnation that gave a number: the last acknowledged or a later one.
        self.incarnation_of = self._incarnations.of
        #: Whether the name and the incarnations are in the file.
        self.is_stored = False

    def may_have_given(self, seq: int, incarnation: int) -> bool:
        """
        Return whether *incarnation* gave number *seq* to a record of this outbox.

        If not, a copy of this outbox gave it. 0 stands for an unknown incarnation.
        """
        if seq <= self.acknowledged:
            return True
        return seq <= self.last_seq and self._incarnations.may_have_given(seq, incarnation)

    def numbered(self, batch: Batch) -> StoredBatch:
        """Return *batch* with the next numbers, which are given once `last_seq` is set."""
        last_seq = self.last_seq + len(batch.records)
        return StoredBatch(self.last_seq + 1, last_seq, encode_frame(batch))

    def rename(self) -> None:
        """Take a name that no copy of this outbox uses. `store` it then."""
        self._name = new_numbering_name()
        self.reader = f"{self._channel}/{self._name}"
        self.is_stored = False

    def store(self) -> None:
        """Store the name and the incarnations in the file; sqlite3.OperationalError if refused."""
        self._database.store_numbering(self._name, self._incarnations.rows)
        self.is_stored = True

    @property
    def is_ahead(self) -> bool:
        """Whether more is acknowledged than is deleted from the file."""
        return self._trimmed < self.acknowledged

    def trim(self, absence: Absence | None = None) -> None:
        """
        Delete what is acknowledged from the file, and store *absence* with it.

        Raises sqlite3.OperationalError if refused.
        """
        self._database.acknowledge(self.acknowledged, absence)
        self._trimmed = self.acknowledged

    @property
    def is_marked(self) -> bool:
        """Whether the mark covers every number that was given."""
        return self._mark.numbers is not None and self._mark.numbers.last_seq >= self.last_seq

    def marked_since_ms(self) -> int | None:
        """Return since when there is a mark, in Unix milliseconds; None without one."""
        return self._mark.set_since_ms() if self._mark.numbers else None

    def mark(self) -> None:
        """Store the numbers in the mark. Raises OSError when that fails."""
        self._mark.set(Numbers(self.acknowledged, self.last_seq))

    def unmark(self) -> None:
        """Remove the mark if the file has its numbers."""
        mark = self._mark.numbers
        # Those of a mark that was found are in the file once a batch follows them.
        if mark and mark.last_seq <= self._database.numbering().last_seq:
            self._mark.remove()
