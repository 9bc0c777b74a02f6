"""The reason why an outbox is set aside is logged."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from common.frames import Batch, Kind, Record, encode_frame
from readers.outbox.damage import damage_mark, mark_damaged
from readers.outbox.errors import OutboxDamagedError
from readers.outbox.outbox import Outbox
from tests.readers.outbox.damages import wal

MAX_BYTES = 10**9

TWO_RECORDS = encode_frame(Batch(Kind.CHAT, [Record(b"71", 1, b"a"), Record(b"71", 2, b"b")]))


def sql(statement: str, *values: object) -> Callable[[Path], None]:
    """Return what executes *statement* on an outbox."""

    def change(path: Path) -> None:
        with closing(sqlite3.connect(path)) as database, database:
            database.execute(statement, values)

    return change


def only_a_log(path: Path) -> None:
    """Remove the file, and leave a write-ahead log."""
    path.unlink()
    wal(path).write_bytes(b"log")


def empty_log(path: Path) -> None:
    """Leave an empty write-ahead log, as a kill after a checkpoint does, and a mark."""
    damage_mark(path).touch()
    wal(path).touch()


REASONS: list[tuple[Callable[[Path], object], str]] = [
    (lambda path: path.write_bytes(b""), "it is empty"),
    (only_a_log, "only its write-ahead log is there"),
    (lambda path: wal(path).write_bytes(b"x" * 100), "its write-ahead log is damaged"),
    (lambda path: damage_mark(path).touch(), "it was found to be damaged before"),
    (lambda path: path.write_bytes(b"x" * 100), "file is not a database"),
    (sql("PRAGMA user_version = 0"), "it is not an outbox)"),
    (sql("UPDATE numbering SET name = x'00'"), "the numbering has columns of the wrong type"),
    (sql("INSERT INTO absence VALUES ('then', 'restarted')"), "not an absence"),
    (sql("INSERT INTO absence VALUES (1, 'bored')"), "not an absence"),
    (sql("INSERT INTO batch VALUES (1, 2, 'text')"), "a batch has columns of the wrong type"),
    (sql("INSERT INTO batch VALUES (1, 2, x'00')"), "batch 1 is not one: "),
    (sql("INSERT INTO batch VALUES (1, 3, ?)", TWO_RECORDS), "batch 1 to 3 has 2 records"),
]


@pytest.mark.parametrize(("damage", "reason"), REASONS, ids=[reason for _, reason in REASONS])
def test_the_damage_is_named(
    tmp_path: Path,
    damage: Callable[[Path], object],
    reason: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """With the path of the outbox, which is usable again."""
    path = tmp_path / "xqc.db"
    Outbox(path, "xqc", MAX_BYTES).close()
    damage(path)
    with closing(Outbox(path, "xqc", MAX_BYTES)) as outbox:
        assert outbox.batch_after(0) is None
    assert f"cannot read {path} ({reason}" in caplog.text


@pytest.mark.parametrize(
    ("damage", "loss"),
    [
        (sql("PRAGMA user_version = 0"), "with the 0 messages that could be read. None is lost"),
        (empty_log, "None is lost"),
        (lambda path: path.write_bytes(b"x" * 100), "Others may be lost"),
        (sql("INSERT INTO batch VALUES (1, 2, x'00')"), "Others may be lost"),
    ],
)
def test_a_loss_is_named(
    tmp_path: Path, damage: Callable[[Path], object], loss: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Whether any message is lost, as far as it is known."""
    path = tmp_path / "xqc.db"
    Outbox(path, "xqc", MAX_BYTES).close()
    damage(path)
    Outbox(path, "xqc", MAX_BYTES).close()
    assert loss in caplog.text


def test_damage_that_is_found_while_running_is_named(tmp_path: Path) -> None:
    """With what the next start does about it."""
    path = tmp_path / "xqc.db"
    with closing(Outbox(path, "xqc", MAX_BYTES)) as outbox:
        outbox._database._connection.execute("INSERT INTO batch VALUES (1, 2, x'00')")
        with pytest.raises(OutboxDamagedError) as raised:
            outbox.batch_after(0)
    assert f"{path} is damaged (batch 1 is not one: " in str(raised.value)
    assert str(raised.value).endswith("; the next start will set it aside")


def test_damage_is_reported_although_no_mark_can_be_made(tmp_path: Path) -> None:
    """The next start then goes on with the file until it finds the damage again."""
    mark_damaged(tmp_path / "gone" / "xqc.db")
