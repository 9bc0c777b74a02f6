"""
Copies what can still be read of a damaged outbox to a new one.

The batches keep their order, and get numbers of the new outbox: at worst, some are published twice.
For what cannot be read, the new outbox stores an absence, which becomes a gap record when the
channel is joined.
"""

from __future__ import annotations

import contextlib
import sqlite3
from array import array
from collections.abc import Callable, Iterator

import msgspec

from common.chat_gap import GapReason, decode_chat_gap
from common.chat_message import decode_chat_message
from common.frames import Batch, Kind, encode_frame
from readers.outbox.damage import DamageError, checked_absence, checked_batch

#: Batches copied in one transaction.
_BATCHES_AT_A_TIME = 1000

_DECODE_VALUE: dict[Kind, Callable[[bytes], object]] = {
    Kind.CHAT: decode_chat_message,
    Kind.GAP: decode_chat_gap,
    Kind.EVENT: msgspec.json.decode,
}


class Salvage:
    """What a new outbox gets of an old one."""

    def __init__(self, new: sqlite3.Connection, known_ms: int) -> None:
        """*new* is empty. All that was received until *known_ms* (Unix) is in Kafka."""
        self._known_ms = known_ms
        self._new = new
        self._batches = 0
        #: The records that were copied.
        self.records = 0
        #: Whether there was more in the old outbox, or may have been.
        self.something_is_lost = False
        #: The time of the last batch, Unix milliseconds. What follows it was received later.
        self._last_ms: int | None = None
        self._lost_since_ms: int | None = None

    def copy(self, old: sqlite3.Connection, acknowledged: int, *, log_is_lost: bool) -> None:
        """
        Copy the batches after record *acknowledged* of *old*, and its absence.

        *log_is_lost* if there was more in a write-ahead log that cannot be read. Raises
        sqlite3.OperationalError when the new outbox cannot be written.
        """
        self._new.execute("BEGIN")
        for batch in _batches(old, acknowledged):
            if batch:
                self._take(batch)
            else:
                self._lose()
        if log_is_lost:
            self._lose()
        try:
            absence = _absence(old)
        except (sqlite3.Error, DamageError):
            absence = None
            self._lose()
        if self.something_is_lost:
            self._store_loss(absence)
        elif absence:
            self._store_absence(*absence)
        self._new.execute("COMMIT")

    def copy_nothing(self) -> None:
        """Only store that all is lost."""
        self.something_is_lost = True
        self._store_loss(None)

    def _take(self, batch: Batch) -> None:
        first_seq = self.records + 1
        self.records += len(batch.records)
        self._new.execute(
            "INSERT INTO batch VALUES (?, ?, ?)", (first_seq, self.records, encode_frame(batch))
        )
        self._last_ms = min(record.timestamp for record in batch.records)
        self._batches += 1
        if self._batches % _BATCHES_AT_A_TIME == 0:
            self._new.execute("COMMIT")
            self._new.execute("BEGIN")

    def _lose(self) -> None:
        if not self.something_is_lost:
            self.something_is_lost = True
            self._lost_since_ms = self._last_ms

    def _store_loss(self, absence: tuple[int, GapReason] | None) -> None:
        """Store an absence since the first loss, or since that of the old outbox, *absence*."""
        since_ms = self._known_ms if self._lost_since_ms is None else self._lost_since_ms
        if absence:
            since_ms = min(since_ms, absence[0])
        self._store_absence(since_ms, GapReason.DAMAGED)

    def _store_absence(self, since_ms: int, reason: GapReason) -> None:
        self._new.execute("INSERT INTO absence VALUES (?, ?)", (since_ms, reason.value))


def _absence(old: sqlite3.Connection) -> tuple[int, GapReason] | None:
    row = old.execute("SELECT since_ms, reason FROM absence").fetchone()
    return checked_absence(*row) if row else None


def _batches(old: sqlite3.Connection, acknowledged: int) -> Iterator[Batch | None]:
    """Yield the batches after *acknowledged* in order; None where something cannot be read."""
    for first_seq in _first_seqs(old, acknowledged):
        yield None if first_seq is None else _batch(old, first_seq)


def _first_seqs(old: sqlite3.Connection, acknowledged: int) -> Iterator[int | None]:
    """
    Yield the first seqs of the batches after *acknowledged*; None where some may be missing.

    They are read from both ends up to the damage.
    """
    last = acknowledged
    query = "SELECT first_seq FROM batch WHERE first_seq > ? ORDER BY first_seq"
    try:
        for (first_seq,) in old.execute(query, (acknowledged,)):
            last = first_seq
            yield first_seq
    except sqlite3.Error:
        yield None
    else:
        return
    from_the_end = array("q")
    with contextlib.suppress(sqlite3.Error):
        for (first_seq,) in old.execute(f"{query} DESC", (last,)):
            from_the_end.append(first_seq)
    yield from reversed(from_the_end)


def _batch(old: sqlite3.Connection, first_seq: int) -> Batch | None:
    """Return the batch that begins with record *first_seq*, None if it cannot be read."""
    query = "SELECT last_seq, body FROM batch WHERE first_seq = ?"
    try:
        (row,) = old.execute(query, (first_seq,))
        batch = checked_batch(first_seq, *row)
        for record in batch.records:
            _DECODE_VALUE[batch.kind](record.value)
    except (sqlite3.Error, DamageError, msgspec.MsgspecError, UnicodeDecodeError, ValueError):
        # ValueError: there is no such row any more.
        return None
    return batch
