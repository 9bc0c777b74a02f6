"""
The outbox: where a reader's batches lie from the moment they are made until Kafka has them.

One SQLite file, owned by one reader process. It survives the kill of the process at any moment;
a crash of the whole host may take the last few batches (`synchronous=NORMAL`), never its order.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from common.frames import Batch, encode_frame
from readers.outbox_file import open_outbox_file


class StoredBatch(NamedTuple):
    """A batch as it lies in the outbox."""

    first_seq: int
    last_seq: int
    #: The frame that travels the link.
    body: bytes


class Outbox:
    """The batches of one reader that Kafka does not have yet, numbered record by record from 1."""

    def __init__(self, path: Path, channel: str) -> None:
        """
        Open the outbox at *path*, and make it if there is none.

        Raises OutboxError when it cannot be used, OutboxInUseError when another process has it.
        """
        self._database = open_outbox_file(path)
        name, acknowledged = self._one("SELECT name, acknowledged FROM numbering")
        (last,) = self._one("SELECT max(last_seq) FROM batch")
        #: Names the numbering: it is another one whenever numbers might be used a second time.
        self.reader = f"{channel}/{name}"
        #: Number of the last record that was acknowledged, 0 for none.
        self.acknowledged: int = acknowledged
        #: Number of the last record that was put in, 0 for none.
        self.last_seq: int = max(last or 0, acknowledged)

    def append(self, batch: Batch) -> None:
        """Put in *batch*; once this returns, a kill of the process does not lose it."""
        last_seq = self.last_seq + len(batch.records)
        self._database.execute(
            "INSERT INTO batch VALUES (?, ?, ?)", (self.last_seq + 1, last_seq, encode_frame(batch))
        )
        self.last_seq = last_seq

    def batch_after(self, seq: int) -> StoredBatch | None:
        """Return the first batch that begins after record *seq*, if there is one."""
        row = self._database.execute(
            "SELECT first_seq, last_seq, body FROM batch WHERE first_seq > ?"
            " ORDER BY first_seq LIMIT 1",
            (seq,),
        ).fetchone()
        return StoredBatch(*row) if row else None

    def acknowledge(self, seq: int) -> None:
        """Take out every batch that ends with record *seq* or before."""
        with self._database:
            self._database.execute("BEGIN")
            self._database.execute("DELETE FROM batch WHERE first_seq <= ?", (seq,))
            self._database.execute("UPDATE numbering SET acknowledged = ?", (seq,))
        self.acknowledged = seq

    @property
    def waiting(self) -> int:
        """The number of records that are not acknowledged."""
        return self.last_seq - self.acknowledged

    def close(self) -> None:
        """Close the file, which another process may then open."""
        self._database.close()

    def _one(self, query: str) -> tuple[Any, ...]:
        row: tuple[Any, ...] = self._database.execute(query).fetchone()
        return row
