"""An outbox as a kill leaves it, and ways to damage it."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import msgspec

from common.chat_gap import GapReason
from common.chat_message import ChatMessage, decode_chat_message, encode_chat_message
from common.frames import Batch, Kind, Record, encode_frame
from readers.outbox.damage import PAGE_BYTES
from readers.outbox.database import Absence
from readers.outbox.errors import OutboxDamagedError
from readers.outbox.outbox import Outbox
from tests.readers.outboxes import batches_after

#: Damages the outbox at a path.
Damage = Callable[[Path], None]

MAX_BYTES = 10**9

#: The time of the first message, Unix milliseconds. One follows each second.
FIRST_MS = 1_700_000_000_000

MESSAGES = 400
ACKNOWLEDGED = 10
LAST_MS = FIRST_MS + (MESSAGES - 1) * 1000


def batch(number: int) -> Batch:
    """Return the batch with message *number*, of 600 bytes."""
    sent_ms = FIRST_MS + number * 1000
    value = encode_chat_message(ChatMessage("71", "5", "ann", f"{number} {'x' * 500}", sent_ms, []))
    return Batch(Kind.CHAT, [Record(b"71", sent_ms, value, b"id")])


def held(outbox: Outbox) -> list[int]:
    """Return the numbers of the messages in *outbox*, in the order of sending."""
    return [
        int(decode_chat_message(record.value).message.split()[0])
        for found in batches_after(outbox, outbox.acknowledged)
        for record in found.records
    ]


def fill(path: Path) -> str:
    """
    Make the outbox that a kill leaves: 400 messages, of which 10 are acknowledged.

    The first 300 are in the file, the others in its write-ahead log. Returns its reader.
    """
    outbox = Outbox(path, "xqc", MAX_BYTES)
    outbox.store_absence(Absence(FIRST_MS, GapReason.RESTARTED))
    for number in range(MESSAGES):
        if number == 300:
            outbox._database._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        outbox.append(batch(number))
    outbox.acknowledge(ACKNOWLEDGED)
    outbox.trim()
    outbox.store_absence(Absence(LAST_MS, GapReason.RESTARTED))
    left = path.with_name("left by a kill")
    shutil.copytree(path.parent, left, ignore=lambda *_: [left.name])
    outbox.close()
    for file in left.iterdir():
        os.replace(file, path.parent / file.name)
    left.rmdir()
    return outbox.reader


def wal(path: Path) -> Path:
    """Return the write-ahead log of the outbox at *path*."""
    return path.with_name(f"{path.name}-wal")


def overwrite(path: Path, at: int, length: int, byte: bytes = b"\xff") -> None:
    """Write *length* times *byte* to the file at *path*."""
    with path.open("r+b") as file:
        file.seek(at)
        file.write(byte * length)


def in_the_file(page: int, pages: int) -> Damage:
    """Return a damage of *pages* of the file, without a write-ahead log."""

    def damage(path: Path) -> None:
        executed("PRAGMA wal_checkpoint(TRUNCATE)")(path)
        overwrite(path, page * PAGE_BYTES, pages * PAGE_BYTES)

    return damage


def two_pages(path: Path) -> None:
    """Overwrite two pages that are not next to each other."""
    in_the_file(20, 1)(path)
    overwrite(path, 40 * PAGE_BYTES, PAGE_BYTES)


def cut_off(path: Path) -> None:
    """Cut off the file in the middle of a page."""
    in_the_file(0, 0)(path)
    os.truncate(path, path.stat().st_size // 2 + 100)


def executed(statement: str, *values: object) -> Damage:
    """Return a damage by an SQL statement."""

    def damage(path: Path) -> None:
        database = sqlite3.connect(path, isolation_level=None)
        database.execute(statement, values)
        database.close()

    return damage


def record_replaced(at: int = 200, kind: Kind = Kind.CHAT, **fields: object) -> Damage:
    """Return a damage that gives the record *at* other *fields*, or its batch another *kind*."""

    def damage(path: Path) -> None:
        record = msgspec.structs.replace(batch(at).records[0], **fields)
        body = encode_frame(Batch(kind, [record]))
        executed("UPDATE batch SET body = ? WHERE first_seq = ?", body, at)(path)

    return damage


def foreign(path: Path) -> None:
    """Put a database of another program in its place."""
    wal(path).unlink()
    path.unlink()
    database = sqlite3.connect(path)
    database.execute("CREATE TABLE batch (something TEXT)")
    database.close()


def empty_without_log(path: Path) -> None:
    """Leave an empty file, and no write-ahead log."""
    wal(path).unlink()
    os.truncate(path, 0)


DAMAGES: dict[str, Damage] = {
    "header": in_the_file(0, 1),
    "first pages": in_the_file(1, 20),
    "early pages": in_the_file(10, 5),
    "a page in the middle": in_the_file(40, 1),
    "two pages": two_pages,
    "last pages": in_the_file(55, 1000),
    "cut off": cut_off,
    "empty": lambda path: os.truncate(path, 0),
    "empty, without a log": empty_without_log,
    "only the log is left": Path.unlink,
    "log overwritten": lambda path: overwrite(wal(path), 0, 32),
    "checksum of the log": lambda path: overwrite(wal(path), 16, 4),
    "log cut off": lambda path: os.truncate(wal(path), 10),
    "batch without records": executed(
        "UPDATE batch SET last_seq = 199, body = x'01920190' WHERE first_seq = 200"
    ),
    "type of a column": executed("UPDATE batch SET last_seq = 'nonsense' WHERE first_seq = 200"),
    "another program's": foreign,
    "content of a batch": executed("UPDATE batch SET body = zeroblob(600) WHERE first_seq = 200"),
    "content of two batches": executed(
        "UPDATE batch SET body = zeroblob(600) WHERE first_seq IN (100, 300)"
    ),
    "number of a batch": executed("UPDATE batch SET last_seq = 201 WHERE first_seq = 200"),
    "absence": executed("UPDATE absence SET reason = 'nonsense'"),
    "numbering": executed("UPDATE numbering SET acknowledged = 'nonsense'"),
    "no numbering": executed("DROP TABLE numbering"),
    "acknowledged batches that are there": executed("UPDATE numbering SET acknowledged = 200"),
    "more acknowledged than there is": executed("UPDATE numbering SET acknowledged = ?", 2**62),
    "negative number": executed("UPDATE numbering SET acknowledged = -1"),
    "number too large": executed("UPDATE numbering SET skipped_to = ?", 2**63 - 1),
    "name that cannot be printed": executed("UPDATE numbering SET name = 'a' || char(1)"),
    "id of an incarnation": executed("UPDATE incarnation SET id = -1"),
    "type of an incarnation": executed("UPDATE incarnation SET id = 'x'"),
    "time of a message": record_replaced(timestamp=2**63),
    "no time": record_replaced(timestamp=0),
    "key of a message": record_replaced(key=b"\xff"),
    "kind of a batch": record_replaced(kind=Kind.GAP),
    "text that is not UTF-8": executed("UPDATE numbering SET name = CAST(x'ff' AS TEXT)"),
    "wrong layout": executed("PRAGMA user_version = 1"),
}


def open_until_mended(path: Path) -> Outbox:
    """Open the outbox and read all of it, again if it turns out to be damaged, as a reader does."""
    outbox = Outbox(path, "xqc", MAX_BYTES)
    try:
        held(outbox)
    except OutboxDamagedError:
        outbox.close()
        outbox = Outbox(path, "xqc", MAX_BYTES)
        held(outbox)
    return outbox
