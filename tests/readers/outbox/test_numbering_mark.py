"""No number is used twice, although batches were sent that are not on disk: see NumberingMark."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from common.chat_gap import GapReason
from readers.outbox.database import Absence, OutboxDatabase
from readers.outbox.numbering_mark import NumberingMark, Numbers
from readers.outbox.outbox import Outbox
from tests.readers.outbox import disk
from tests.readers.outbox.disk import full_disk, killed
from tests.readers.outbox.numbered import batch, held


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the path of the outbox."""
    return tmp_path / "xqc.db"


def full(_database: OutboxDatabase, *_: object) -> None:
    """Refuse, as SQLite does."""
    raise sqlite3.OperationalError("database or disk is full")


def test_numbers_sent_from_memory_are_not_used_again(path: Path) -> None:
    """After a kill during a full disk, the publisher has numbers that the file lacks."""
    outbox = Outbox(path, "xqc", max_bytes=10**9)
    outbox.append(batch(1))
    with full_disk(path):
        for number in range(2, 1001):
            outbox.append(batch(number))
        outbox.acknowledge(990)
        outbox.trim()
    with killed(path) as successor:
        assert successor.reader == outbox.reader
        assert (successor.acknowledged, successor.last_seq) == (990, 1000)
        assert held(successor) == ([], [])
        successor.append(batch(1001))
        assert successor.oldest_seq == 1001
        successor.tidy()
        left = path.parent / "left by a kill"
        assert not list(left.glob("*numbers*"))
        with killed(left / path.name) as second:
            assert (second.acknowledged, second.last_seq) == (990, 1001)
    outbox.close()


def test_without_a_mark_nothing_is_sent_from_memory(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the mark cannot be written either, the batches wait for the disk."""
    monkeypatch.setattr(NumberingMark, "set", _refuse)
    outbox = Outbox(path, "xqc", max_bytes=10**9)
    outbox.append(batch(1))
    with full_disk(path):
        for number in range(2, 1001):
            outbox.append(batch(number))
        numbers, _ = held(outbox)
        assert numbers == list(range(1, len(numbers) + 1))
        assert len(numbers) < 1000
    outbox.tidy()
    assert held(outbox)[0] == list(range(1, 1001))
    outbox.close()


def test_numbers_of_a_mark_are_not_used_again_after_a_second_kill(path: Path) -> None:
    """The mark stays until the file has its numbers, although nothing is unwritten."""
    outbox = Outbox(path, "xqc", max_bytes=10**9)
    outbox.append(batch(1))
    disk.refuse(outbox)
    for number in range(2, 101):
        outbox.append(batch(number))
    with killed(path) as successor:
        successor.tidy()
        with killed(path.parent / "left by a kill" / path.name) as second:
            assert second.last_seq == 100
    outbox.close()


def test_a_mark_that_somebody_removed_is_gone(path: Path) -> None:
    """To remove it is no error then."""
    mark = NumberingMark(path)
    mark.set(Numbers(1, 2))
    for file in path.parent.iterdir():
        file.unlink()
    mark.remove()
    assert mark.numbers is None


def test_the_mark_stays_while_something_is_unwritten(path: Path) -> None:
    """Its batches may have been sent."""
    outbox = Outbox(path, "xqc", max_bytes=10**9)
    disk.refuse(outbox)
    for number in range(1, 101):
        outbox.append(batch(number))
    outbox.tidy()
    with killed(path) as successor:
        assert successor.last_seq == 100
    outbox.close()


def test_the_mark_stays_until_the_file_has_the_acknowledged_number(path: Path) -> None:
    """Nothing is unwritten, but the file cannot be trimmed."""
    outbox = Outbox(path, "xqc", max_bytes=10**9)
    outbox.append(batch(1))
    with full_disk(path):
        for number in range(2, 101):
            outbox.append(batch(number))
        outbox.acknowledge(100)
        outbox.trim()
        outbox.tidy()
    assert outbox.unwritten == 0
    with killed(path) as successor:
        assert (successor.acknowledged, successor.last_seq) == (100, 100)
    outbox.tidy()
    assert not list(path.parent.glob("*-numbers-*"))
    outbox.close()


def test_the_mark_stays_until_the_file_is_trimmed(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise, a successor would send again what is acknowledged."""
    outbox = Outbox(path, "xqc", max_bytes=10**9)
    outbox.append(batch(1))
    outbox.append(batch(2))
    with monkeypatch.context() as patched:
        patched.setattr(OutboxDatabase, "acknowledge", full)
        outbox.acknowledge(1)
        outbox.trim()
        outbox.tidy()
    with killed(path) as successor:
        assert successor.acknowledged == 1
    outbox.close()


def test_the_mark_stays_until_the_file_has_an_absence(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise, a successor would take the outbox for a new one, and add no gap record."""
    outbox = Outbox(path, "xqc", max_bytes=10**9)
    with monkeypatch.context() as patched:
        patched.setattr(OutboxDatabase, "store_absence", full)
        outbox.store_absence(Absence(1000, GapReason.RESTARTED))
        outbox.append(batch(1))
        outbox.tidy()
    with killed(path) as successor:
        assert successor.absence()
    outbox.close()


def test_an_old_mark_does_not_let_later_batches_be_sent(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A successor would use their numbers again."""
    outbox = Outbox(path, "xqc", max_bytes=10**9)
    disk.refuse(outbox)
    first = next(
        number for number in range(1, 100) if outbox.append(batch(number)) and outbox.unwritten
    )
    monkeypatch.setattr(NumberingMark, "set", _refuse)
    assert outbox.append(batch(first + 1)) is None
    with killed(path) as successor:
        assert successor.last_seq == first
    assert all(number < first for number in held(outbox)[0])
    outbox.close()


def _refuse(_mark: NumberingMark, _numbers: Numbers) -> None:
    """Do what `NumberingMark.set` does where no file can be created."""
    raise PermissionError("nothing can be written")
