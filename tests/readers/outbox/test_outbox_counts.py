"""How many records an outbox holds: those that are there, not the numbers between them."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from common.chat_gap import GapReason
from common.status.reader_status import ReaderStatus
from readers.outbox import file as outbox_file
from readers.outbox import refusals
from readers.outbox.database import Absence
from readers.outbox.outbox import Outbox
from tests.readers.outbox import disk
from tests.readers.outbox.numbered import RECORD_BYTES, batch


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the path of the outbox."""
    return tmp_path / "xqc.db"


def test_numbers_skipped_by_boots_do_not_count(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither before nor after more is put in, and after further starts."""
    for boot in range(1, 4):
        monkeypatch.setattr(outbox_file, "boot_id", lambda boot=boot: f"boot {boot}")
        outbox = Outbox(path, "xqc", max_bytes=10**9)
        assert outbox.waiting == 2 * (boot - 1)
        assert outbox.is_empty == (boot == 1)
        outbox.append(batch(1))
        outbox.append(batch(2))
        assert outbox.waiting == 2 * boot
        outbox.close()
    outbox = Outbox(path, "xqc", max_bytes=10**9)
    for left in range(5, -1, -1):
        oldest = outbox.batch_after(outbox.acknowledged)
        assert oldest
        outbox.acknowledge(oldest.last_seq)
        outbox.trim()
        assert outbox.waiting == left
    assert outbox.is_empty
    outbox.close()


def test_evicted_records_do_not_count(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was evicted from memory leaves a hole in the numbers, which the next process has too."""
    monkeypatch.setattr(refusals, "memory_bound", lambda _: 20 * RECORD_BYTES)
    outbox = Outbox(path, "xqc", max_bytes=10**9)
    for number in range(1, 11):
        outbox.append(batch(number))
    disk.refuse(outbox)
    while outbox.evicted < 30:
        outbox.append(batch(number))
    in_memory = outbox.unwritten
    assert outbox.waiting == 10 + in_memory
    assert outbox.last_seq > outbox.waiting + 25
    disk.accept(outbox)
    outbox.tidy()
    assert (outbox.waiting, outbox.unwritten) == (10 + in_memory, 0)
    outbox.close()
    outbox = Outbox(path, "xqc", max_bytes=10**9)
    assert outbox.waiting == 10 + in_memory
    outbox.close()


def test_counting_reads_no_batches(path: Path) -> None:
    """An outbox of 1 GiB would take seconds: the numbers of a few rows are enough."""
    outbox = Outbox(path, "xqc", max_bytes=10**9)
    for number in range(1, 1001):
        outbox.append(batch(number))
    steps: list[int] = []
    outbox._database._connection.set_progress_handler(lambda: steps.append(1), 10)
    assert outbox.waiting == 1000
    assert len(steps) < 50
    outbox.close()


@pytest.mark.parametrize("boots", [False, True])
def test_a_kill_before_the_page_is_written_loses_no_count(
    path: Path, monkeypatch: pytest.MonkeyPatch, boots: bool
) -> None:
    """What was put in since counts, also what is not in the file because it was acknowledged."""
    monkeypatch.setattr(outbox_file, "boot_id", lambda: "boot 1")
    status = ReaderStatus()
    outbox = Outbox(path, "xqc", 10**9, status)
    outbox.append(batch(1))
    page = _written(outbox, status)
    for number in range(2, 12):
        outbox.append(batch(number))
    outbox.acknowledge(8)
    outbox.trim()
    outbox.close()
    if boots:
        monkeypatch.setattr(outbox_file, "boot_id", lambda: "boot 2")
    for _ in range(2):
        status = _read(page)
        outbox = Outbox(path, "xqc", 10**9, status)
        page = _written(outbox, status)
        outbox.close()
        assert (status.received, status.acknowledged, status.waiting) == (11, 8, 3)


def test_an_outbox_without_a_page_counts_what_is_in_it(path: Path) -> None:
    """What it had before that is not known."""
    outbox = Outbox(path, "xqc", 10**9)
    outbox.store_absence(Absence(1, GapReason.RESTARTED))
    for number in range(1, 11):
        outbox.append(batch(number))
    outbox.acknowledge(8)
    outbox.trim()
    outbox.close()
    status = ReaderStatus()
    Outbox(path, "xqc", 10**9, status).close()
    assert (status.received, status.acknowledged, status.waiting) == (2, 0, 2)


def test_a_file_from_a_backup_is_taken_in_again(path: Path) -> None:
    """Counts never fall: what is in it once more has been received once more."""
    status = ReaderStatus()
    outbox = Outbox(path, "xqc", 10**9, status)
    outbox.store_absence(Absence(1, GapReason.RESTARTED))
    for number in range(1, 6):
        outbox.append(batch(number))
    page = _written(outbox, status)
    outbox.close()
    backup = path.read_bytes()
    status = _read(page)
    outbox = Outbox(path, "xqc", 10**9, status)
    outbox.acknowledge(5)
    outbox.trim()
    page = _written(outbox, status)
    outbox.close()
    path.write_bytes(backup)
    status = _read(page)
    Outbox(path, "xqc", 10**9, status).close()
    assert (status.received, status.acknowledged, status.waiting) == (10, 5, 5)


def _written(outbox: Outbox, status: ReaderStatus) -> bytes:
    """Return the page that the reader of *outbox* writes now."""
    outbox.take_stock()
    return msgspec.msgpack.encode(status)


def _read(page: bytes) -> ReaderStatus:
    return msgspec.msgpack.decode(page, type=ReaderStatus)
