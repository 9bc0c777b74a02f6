"""
How damage of an outbox is noticed, without reading all of it.

1. When it is opened: SQLite checks the header and the size, and we check what SQLite passes over: a
   file that was emptied, and a write-ahead log that is not one.
2. When a page is used: SQLite checks its structure.
3. When a batch is read back to be sent: its content is decoded.

What is noticed later than at the start is marked by an empty file beside the outbox, so that the
next start sets the outbox aside. To create an empty file needs no room on the disk.
"""

from __future__ import annotations

import contextlib
import os
import re
import sqlite3
import struct
from pathlib import Path

import msgspec

from common.chat_gap import GapReason, decode_chat_gap
from common.frames import Batch, FrameError, Kind, Record, decode_batch

#: Identifies a file as an outbox ("TwOb").
APPLICATION_ID = 0x54774F62

#: Bytes of a page of the file, SQLite's default.
PAGE_BYTES = 4096

#: A name that the publisher accepts, after the channel and a slash.
_NAME = re.compile(r"[!-~]{1,60}")

#: Larger than any number that a reader comes to: 10**9 are skipped at each boot.
_MAX_SEQ = 10**18

_MAX_INT64 = 2**63 - 1

#: Errors in which the file is intact: the disk refuses, or another process has the file.
_INTACT = {
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PROTOCOL,
}

#: Errors of the disk at which content is lost.
_UNREADABLE = {
    sqlite3.SQLITE_IOERR_READ,
    sqlite3.SQLITE_IOERR_SHORT_READ,
    sqlite3.SQLITE_IOERR_CORRUPTFS,
}

#: https://www.sqlite.org/fileformat2.html#walformat
_WAL_HEADER_BYTES = 32
_WAL_CHECKSUM_ORDER = {0x377F0682: "<", 0x377F0683: ">"}


class DamageError(Exception):
    """Raised when a file is not a whole outbox of this version. The text says how."""


def is_damage(error: sqlite3.Error) -> bool:
    """Return whether *error* is a fault of the file itself."""
    # Errors of Python's own, such as a text that is not UTF-8, have no code.
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT)
    return code in _UNREADABLE or code & 0xFF not in _INTACT


def checked_batch(first_seq: object, last_seq: object, body: object) -> Batch:
    """
    Return the batch in *body*. Raises DamageError if it is none, or has not these numbers.

    The publisher would refuse such a batch each time that it is sent, and all batches after it.
    """
    if not (isinstance(first_seq, int) and isinstance(last_seq, int) and isinstance(body, bytes)):
        raise DamageError("a batch has columns of the wrong type")
    try:
        batch = decode_batch(body)
    except FrameError as error:
        raise DamageError(f"batch {first_seq} is not one: {error}") from None
    if not batch.records or len(batch.records) != last_seq - first_seq + 1:
        raise DamageError(f"batch {first_seq} to {last_seq} has {len(batch.records)} records")
    try:
        for record in batch.records:
            _check_record(batch.kind, record)
    except (msgspec.MsgspecError, ValueError) as error:  # UnicodeDecodeError is a ValueError
        raise DamageError(f"a record of batch {first_seq} is not one: {error}") from None
    return batch


def _check_record(kind: Kind, record: Record) -> None:
    """Raise MsgspecError or ValueError if *record* cannot be sent, or its time cannot be told."""
    if not 0 < record.timestamp <= _MAX_INT64:
        raise ValueError(f"its timestamp is {record.timestamp}")
    record.key.decode()
    if kind == Kind.GAP:
        decode_chat_gap(record.value)


def check_numbering(
    name: object, acknowledged: object, skipped_to: object, oldest_seq: int | None
) -> None:
    """
    Raise DamageError if the columns of the numbering are none.

    *oldest_seq* is the number of the oldest record in the file. What is acknowledged is not there.
    """
    if not (
        isinstance(name, str) and isinstance(acknowledged, int) and isinstance(skipped_to, int)
    ):
        raise DamageError("the numbering has columns of the wrong type")
    if not (_NAME.fullmatch(name) and 0 <= acknowledged < _MAX_SEQ and 0 <= skipped_to < _MAX_SEQ):
        raise DamageError("the numbering has impossible values")
    if oldest_seq is not None and oldest_seq <= acknowledged:
        raise DamageError(f"batch {oldest_seq} is there, and {acknowledged} was acknowledged")


def check_incarnation(number: object) -> None:
    """Raise DamageError if *number* cannot be the id of an incarnation."""
    if not (isinstance(number, int) and 0 < number <= _MAX_INT64):
        raise DamageError("an incarnation has an impossible id")


def checked_absence(since_ms: object, reason: object) -> tuple[int, GapReason]:
    """Return the columns of an absence. Raises DamageError if they are none."""
    try:
        if isinstance(since_ms, int):
            return since_ms, GapReason(reason)
    except ValueError:
        pass
    raise DamageError("not an absence")


def check_before_opening(path: Path) -> None:
    """Raise DamageError for damage at *path* that SQLite would not report, but pass over."""
    if damage_mark(path).exists():
        raise DamageError("it was found to be damaged before")
    size, wal_size = _size(path), _size(wal(path))
    if size == 0 or (size is None and wal_size):
        # SQLite would take it for a new file, and delete the write-ahead log.
        raise DamageError("it is empty" if size == 0 else "only its write-ahead log is there")
    if wal_size and not is_wal(wal(path)):
        raise DamageError("its write-ahead log is damaged")


def wal(path: Path) -> Path:
    """Return the path of the write-ahead log of the outbox at *path*."""
    return path.with_name(f"{path.name}-wal")


def damage_mark(path: Path) -> Path:
    """Return the path of the mark that has the next start set the outbox at *path* aside."""
    return path.with_name(f"{path.name}-damaged")


def mark_damaged(path: Path) -> None:
    """Have the next start set the outbox at *path* aside."""
    # If this fails, the next start goes on with the file until it finds the damage again.
    with contextlib.suppress(OSError):
        damage_mark(path).touch(mode=0o600)


def is_wal(path: Path) -> bool:
    """Return whether *path* begins as a write-ahead log of SQLite."""
    with path.open("rb") as file:
        header = file.read(_WAL_HEADER_BYTES)
    if len(header) < _WAL_HEADER_BYTES:
        return False
    order = _WAL_CHECKSUM_ORDER.get(int.from_bytes(header[:4], "big"))
    if order is None:
        return False
    first = second = 0
    for left, right in struct.iter_unpack(f"{order}II", header[:24]):
        first = (first + left + second) & 0xFFFFFFFF
        second = (second + right + first) & 0xFFFFFFFF
    return header[24:] == struct.pack(">II", first, second)


def _size(path: Path) -> int | None:
    try:
        return os.stat(path).st_size
    except FileNotFoundError:
        return None
