"""Outboxes of earlier releases, see layouts/README.md."""

from __future__ import annotations

import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from common.chat_gap import GapReason
from readers.outbox import file as outbox_file
from readers.outbox.database import Absence
from readers.outbox.errors import OutboxError, OutboxInUseError, OutboxPlaceError
from readers.outbox.file import NUMBERS_SKIPPED
from readers.outbox.outbox import Outbox
from tests.processes import REPOSITORY
from tests.readers.outbox.damages import FIRST_MS, MAX_BYTES, batch, executed
from tests.readers.outbox.disk import full_disk
from tests.readers.outbox.layout_files import (
    HELD,
    LAYOUTS,
    beside,
    held,
    name_in,
    name_of,
    opening,
    opening_with_kills,
    unpacked,
)


@pytest.mark.parametrize("layout", LAYOUTS, ids=name_of)
def test_an_outbox_of_an_earlier_release_is_read_as_it_is(
    layout: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """With its numbers, in their order, and under its name: nothing is published twice."""
    path = unpacked(layout, tmp_path)
    name = name_in(path)
    expected = HELD[name_of(layout)]
    with closing(Outbox(path, "xqc", MAX_BYTES)) as outbox:
        assert held(outbox) == expected
        assert outbox.reader == name
        assert outbox.acknowledged == 3
        assert outbox.oldest_seq == 4
        assert outbox.waiting == sum(len(texts) for _, texts in expected)
        # In a boot that is another one, numbers are skipped.
        assert outbox.last_seq == expected[-1][0] + NUMBERS_SKIPPED
        new = outbox.last_seq + 1
        outbox.append(batch(7))
        assert outbox.numbering.incarnation_of(new) > 0
        assert outbox.waiting == sum(len(texts) for _, texts in expected) + 1
        outbox.acknowledge(expected[0][0] + 1)
        outbox.trim()
    with closing(Outbox(path, "xqc", MAX_BYTES)) as outbox:
        assert outbox.reader == name
        assert [seq for seq, _ in held(outbox)] == [*(seq for seq, _ in expected[1:]), new]
        assert outbox.acknowledged == expected[0][0] + 1
        assert outbox.last_seq == new
    assert beside(path) == set()
    assert caplog.text == ""


@pytest.mark.parametrize("layout", LAYOUTS, ids=name_of)
def test_the_gap_begins_at_the_stored_absence(layout: Path, tmp_path: Path) -> None:
    """An outbox of the first releases has none: the gap begins when it was written."""
    path = unpacked(layout, tmp_path)
    expected = FIRST_MS + 7000
    if name_of(layout) == "1-79b987c":
        expected = path.stat().st_mtime_ns // 1_000_000
    with closing(Outbox(path, "xqc", MAX_BYTES)) as outbox:
        assert outbox.absence() == Absence(expected, GapReason.RESTARTED)


@pytest.mark.parametrize("layout", LAYOUTS, ids=name_of)
def test_numbers_of_the_same_boot_are_continued_if_all_are_known(
    layout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Layout 1 did not store the numbers of batches that a full disk had kept in memory."""
    monkeypatch.setattr(outbox_file, "boot_id", lambda: "second boot")
    path = unpacked(layout, tmp_path)
    last = HELD[name_of(layout)][-1][0]
    skipped = NUMBERS_SKIPPED if name_of(layout).startswith("1-") else 0
    with closing(Outbox(path, "xqc", MAX_BYTES)) as outbox:
        assert outbox.last_seq == last + skipped


@pytest.mark.parametrize("layout", LAYOUTS, ids=name_of)
def test_a_mark_of_a_full_disk_counts(
    layout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Numbers up to it may be used."""
    monkeypatch.setattr(outbox_file, "boot_id", lambda: "second boot")
    path = unpacked(layout, tmp_path)
    path.with_name("xqc.db-numbers-5-4000000000").touch()
    expected = HELD[name_of(layout)]
    with closing(Outbox(path, "xqc", MAX_BYTES)) as outbox:
        assert outbox.acknowledged == 5
        assert outbox.last_seq == 4_000_000_000
        assert held(outbox) == expected[1:]


@pytest.mark.parametrize("layout", LAYOUTS, ids=name_of)
def test_a_kill_at_any_moment_of_the_opening_loses_nothing(layout: Path, tmp_path: Path) -> None:
    """Before each of the statements, of which SQLite does the one that changes the layout whole."""
    original = unpacked(layout, tmp_path / "original")
    name = name_in(original)
    copies = tmp_path / "copies"
    command = opening_with_kills(original.parent, copies)
    ended = subprocess.run(
        command, check=False, cwd=REPOSITORY, capture_output=True, text=True, timeout=60
    )
    assert ended.returncode == 0, ended.stderr
    paths = [folder / original.name for folder in copies.iterdir()]
    assert len(paths) > 10
    for path in paths:
        with closing(Outbox(path, "xqc", MAX_BYTES)) as outbox:
            assert held(outbox) == HELD[name_of(layout)]
            assert outbox.reader == name
        assert beside(path) == set()


@pytest.mark.parametrize("layout", LAYOUTS, ids=name_of)
def test_a_full_disk_leaves_the_outbox_as_it_is(layout: Path, tmp_path: Path) -> None:
    """The reader is started again until there is room."""
    path = unpacked(layout, tmp_path)
    with full_disk(path), pytest.raises(OutboxError, match="cannot use") as raised:
        Outbox(path, "xqc", MAX_BYTES)
    assert not isinstance(raised.value, OutboxPlaceError)
    with closing(Outbox(path, "xqc", MAX_BYTES)) as outbox:
        assert held(outbox) == HELD[name_of(layout)]
    assert beside(path) == set()


@pytest.mark.parametrize("layout", LAYOUTS, ids=name_of)
def test_one_process_at_a_time_changes_it(layout: Path, tmp_path: Path) -> None:
    """The other one is told who has it."""
    path = unpacked(layout, tmp_path)
    with subprocess.Popen(
        opening(path), cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout
        assert other.stdout.readline() == b"opened\n"
        with pytest.raises(OutboxInUseError, match=f"PID {other.pid}"):
            Outbox(path, "xqc", MAX_BYTES)
    with closing(Outbox(path, "xqc", MAX_BYTES)) as outbox:
        assert held(outbox) == HELD[name_of(layout)]


@pytest.mark.parametrize("layout", LAYOUTS, ids=name_of)
def test_what_can_be_read_of_a_damaged_one_goes_on(
    layout: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """As with an outbox of today."""
    path = unpacked(layout, tmp_path)
    executed("UPDATE batch SET body = x'00' WHERE first_seq = 4")(path)
    with closing(Outbox(path, "xqc", MAX_BYTES)) as outbox:
        texts = [texts for _, texts in held(outbox)]
        absence = outbox.absence()
    assert texts == [texts for _, texts in HELD[name_of(layout)][1:]]
    assert absence
    assert absence.reason is GapReason.DAMAGED
    assert "Others may be lost" in caplog.text
    assert len(beside(path)) > 0


def test_each_has_a_known_content() -> None:
    """Layouts are only ever added."""
    assert [name_of(layout) for layout in LAYOUTS] == sorted(HELD)


def test_the_tables_of_this_release_are_among_them(tmp_path: Path) -> None:
    """If not, add an outbox of this release."""

    def tables(path: Path) -> set[tuple[str, str]]:
        with closing(sqlite3.connect(path)) as database:
            return set(database.execute("SELECT name, sql FROM sqlite_master"))

    path = tmp_path / "xqc.db"
    with closing(Outbox(path, "xqc", MAX_BYTES)) as outbox:
        outbox.append(batch(1))
        outbox.numbering.last_seq += 1
        outbox.append(batch(2))
    folders = [tmp_path / name_of(layout) for layout in LAYOUTS]
    kept = [tables(unpacked(*pair)) for pair in zip(LAYOUTS, folders, strict=True)]
    assert tables(path) in kept
