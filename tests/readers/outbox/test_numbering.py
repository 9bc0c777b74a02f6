"""Which incarnation gave which number, and new names of the numbering."""

from __future__ import annotations

import resource
import shutil
import sqlite3
from pathlib import Path

import pytest

from readers.outbox import file as outbox_file
from readers.outbox.database import OutboxDatabase
from readers.outbox.incarnations import UNKNOWN, Incarnations
from readers.outbox.outbox import Outbox
from tests.readers.outbox.disk import full_disk, killed
from tests.readers.outbox.numbered import batch, held

MAX_BYTES = 10**9


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the path for an outbox. Its folder does not exist yet."""
    return tmp_path / "outbox" / "xqc.db"


def open_and_append(path: Path, *numbers: int) -> list[int]:
    """Open the outbox at *path*, append batches of one record; return their incarnations."""
    outbox = Outbox(path, "xqc", MAX_BYTES)
    for number in numbers:
        outbox.append(batch(number))
    incarnations = [outbox.numbering.incarnation_of(seq) for seq in range(1, outbox.last_seq + 1)]
    outbox.close()
    return incarnations


def test_each_opening_gives_its_numbers_in_another_incarnation(path: Path) -> None:
    """Later openings remember which."""
    assert open_and_append(path) == []
    first = open_and_append(path, 1, 2)
    assert first[0] == first[1] != UNKNOWN
    assert open_and_append(path) == first
    both = open_and_append(path, 3)
    assert both[:2] == first
    assert both[2] not in first
    assert open_and_append(path) == both


def test_copies_give_the_same_numbers_in_different_incarnations(path: Path) -> None:
    """What they have in common keeps its incarnation."""
    common = open_and_append(path, 1)
    copy = path.parent.with_name("copy") / path.name
    shutil.copytree(path.parent, copy.parent)
    one, other = open_and_append(path, 2), open_and_append(copy, 2)
    assert one[0] == other[0] == common[0]
    assert one[1] != other[1]


def test_the_incarnation_of_the_last_acknowledged_number_is_remembered(path: Path) -> None:
    """The next batch follows that number. Earlier incarnations are forgotten."""
    expected = open_and_append(path, 1, 2)[1]
    outbox = Outbox(path, "xqc", MAX_BYTES)
    outbox.acknowledge(2)
    outbox.trim()
    outbox.close()
    for number in range(3, 9):
        open_and_append(path, number)
    outbox = Outbox(path, "xqc", MAX_BYTES)
    assert outbox.numbering.incarnation_of(2) == expected
    outbox.acknowledge(8)
    outbox.trim()
    outbox.close()
    Outbox(path, "xqc", MAX_BYTES).close()
    with sqlite3.connect(path) as database:
        assert database.execute("SELECT count(*) FROM incarnation").fetchone() == (2,)
    database.close()


def test_skipped_numbers_belong_to_the_incarnation_before_them(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A crash of the host may have lost what it gave."""
    (before,) = open_and_append(path, 1)
    monkeypatch.setattr(outbox_file, "boot_id", lambda: "another boot")
    outbox = Outbox(path, "xqc", MAX_BYTES)
    outbox.append(batch(2))
    assert outbox.numbering.may_have_given(60, before)
    assert not outbox.numbering.may_have_given(60, before + 1)
    assert outbox.numbering.incarnation_of(outbox.last_seq) != before
    outbox.close()


def test_only_the_incarnations_of_what_is_held_are_kept() -> None:
    """And that of the last acknowledged number, by which the publisher knows the outbox."""
    incarnations = Incarnations([(1, 71), (5, 72), (9, 73)])
    incarnations.begin(12, acknowledged=6)
    assert [first_seq for first_seq, _ in incarnations.rows] == [5, 9, 12]


def test_a_number_was_given_or_was_not(path: Path) -> None:
    """What was acknowledged before is not asked for. An older publisher names no incarnation."""
    outbox = Outbox(path, "xqc", MAX_BYTES)
    for number in (1, 2):
        outbox.append(batch(number))
    outbox.acknowledge(1)
    own = outbox.numbering.incarnation_of(2)
    assert outbox.numbering.may_have_given(1, own + 1)
    assert outbox.numbering.may_have_given(2, own)
    assert outbox.numbering.may_have_given(2, UNKNOWN)
    assert not outbox.numbering.may_have_given(2, own + 1)
    assert not outbox.numbering.may_have_given(3, own)
    assert not outbox.numbering.may_have_given(3, UNKNOWN)
    outbox.close()


def test_an_outbox_of_an_older_version_has_no_incarnations(path: Path) -> None:
    """It is opened, and keeps what is in it and its name."""
    open_and_append(path, 1, 2)
    with sqlite3.connect(path) as database:
        database.execute("DROP TABLE incarnation")
        (name,) = database.execute("SELECT name FROM numbering").fetchone()
    database.close()
    outbox = Outbox(path, "xqc", MAX_BYTES)
    outbox.append(batch(3))
    assert outbox.reader == f"xqc/{name}"
    assert [outbox.numbering.incarnation_of(seq) for seq in (1, 2)] == [UNKNOWN, UNKNOWN]
    assert outbox.numbering.incarnation_of(3) != UNKNOWN
    outbox.close()


def test_a_new_name_is_stored_with_everything_else_unchanged(path: Path) -> None:
    """The next process uses it, too."""
    outbox = Outbox(path, "xqc", MAX_BYTES)
    for number in (1, 2, 3):
        outbox.append(batch(number))
    outbox.acknowledge(1)
    former = outbox.reader
    outbox.rename_numbering()
    name = outbox.reader
    assert name != former
    assert (outbox.acknowledged, outbox.oldest_seq, outbox.waiting) == (1, 2, 2)
    outbox.close()
    outbox = Outbox(path, "xqc", MAX_BYTES)
    assert outbox.reader == name
    outbox.close()


def test_a_new_name_is_stored_once_there_is_room(path: Path) -> None:
    """Meanwhile it is used from memory."""
    outbox = Outbox(path, "xqc", MAX_BYTES)
    former = outbox.reader
    with full_disk(path):
        for number in range(1, 1001):
            outbox.append(batch(number))
        outbox.rename_numbering()
        assert outbox.tidy()
    name = outbox.reader
    assert name != former
    assert not outbox.tidy()
    outbox.close()
    outbox = Outbox(path, "xqc", MAX_BYTES)
    assert outbox.reader == name
    outbox.close()


def test_an_incarnation_that_began_on_a_full_disk_is_stored_once_there_is_room(path: Path) -> None:
    """The outbox opens, and what it gives numbers to is kept in memory."""
    (earlier,) = open_and_append(path, 1)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8192, hard))
    try:
        outbox = Outbox(path, "xqc", MAX_BYTES)
        outbox.append(batch(2))
        assert outbox.tidy()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    incarnation = outbox.numbering.incarnation_of(2)
    assert incarnation != earlier
    assert not outbox.tidy()
    outbox.close()
    outbox = Outbox(path, "xqc", MAX_BYTES)
    assert outbox.numbering.incarnation_of(2) == incarnation
    outbox.close()


def test_numbers_are_not_in_the_file_before_their_incarnation(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a kill, they would belong to an incarnation that another copy may still use."""
    (earlier,) = open_and_append(path, 1)

    def refuse(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(OutboxDatabase, "store_numbering", refuse)
        outbox = Outbox(path, "xqc", MAX_BYTES)
        outbox.append(batch(2))
        assert outbox.unwritten == 1
    outbox.append(batch(3))
    assert outbox.unwritten == 0
    with killed(path) as successor:
        assert held(successor)[0] == [1, 2, 3]
        assert earlier not in {
            successor.numbering.incarnation_of(2),
            successor.numbering.incarnation_of(3),
        }
    outbox.close()
