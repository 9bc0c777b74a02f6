"""The tables of an outbox file: what is written together, and what does not pile up."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from common.frames import Batch, Kind, Record, encode_frame
from readers.outbox.database import OutboxDatabase, StoredBatch
from readers.outbox.errors import OutboxDamagedError

BODY = encode_frame(Batch(Kind.CHAT, [Record(b"71", 1, b"value")]))


@pytest.fixture
def database(tmp_path: Path) -> Iterator[OutboxDatabase]:
    """Return a database with the batches 1 and 2, of one record each."""
    with closing(OutboxDatabase(tmp_path / "xqc.db")) as database:
        for seq in (1, 2):
            database.insert(StoredBatch(seq, seq, BODY))
        database.store_numbering("name", [(1, 77)])
        yield database


def rows(database: OutboxDatabase, query: str) -> list[Any]:
    """Return what *query* finds in *database*."""
    return database._connection.execute(query).fetchall()


def content(database: OutboxDatabase) -> list[Any]:
    """Return all rows of *database*."""
    tables = rows(database, "SELECT name FROM sqlite_master WHERE type = 'table'")
    return [(name, rows(database, f"SELECT * FROM {name}")) for (name,) in sorted(tables)]  # noqa: S608


def evict(database: OutboxDatabase) -> None:
    """Replace batch 1 by one whose number is taken."""
    database.replace_oldest(1, StoredBatch(2, 2, BODY))


def skip(database: OutboxDatabase) -> None:
    """Insert a batch without a body, after skipped numbers."""
    database.insert(StoredBatch(10, 10, None))  # type: ignore[arg-type]


def rename(database: OutboxDatabase) -> None:
    """Store two incarnations with the same first number."""
    database.store_numbering("another", [(1, 77), (3, 78), (3, 79)])


@pytest.mark.parametrize("write", [evict, skip, rename])
def test_a_write_that_fails_halfway_changes_nothing(
    database: OutboxDatabase, write: Callable[[OutboxDatabase], None]
) -> None:
    """So neither does one that a kill interrupts."""
    database.insert(StoredBatch(5, 5, BODY))
    before = content(database)
    with pytest.raises((OutboxDamagedError, sqlite3.Error)):
        write(database)
    assert content(database) == before


def test_skipped_numbers_are_forgotten_once_they_are_acknowledged(database: OutboxDatabase) -> None:
    """Their rows do not pile up, boot after boot."""
    database.insert(StoredBatch(10, 10, BODY))
    database.acknowledge(10)
    database.insert(StoredBatch(20, 20, BODY))
    assert rows(database, "SELECT * FROM skipped") == [(11, 19)]


def test_writes_do_not_wait_for_the_disk(database: OutboxDatabase) -> None:
    """Only that of the numbering does, which is rare. 1 is NORMAL."""
    assert rows(database, "PRAGMA synchronous") == [(1,)]
    statements: list[str] = []
    database._connection.set_trace_callback(statements.append)
    database.store_numbering("name", [(1, 77)])
    first, *_, last = statements
    assert (first, last) == ("PRAGMA synchronous = FULL", "PRAGMA synchronous = NORMAL")
