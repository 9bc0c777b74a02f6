"""How many records an outbox holds: those that are there, not the numbers between them."""

from __future__ import annotations

from pathlib import Path

import pytest

from readers.outbox import file as outbox_file
from readers.outbox import outbox as outbox_module
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
    monkeypatch.setattr(outbox_module, "memory_bound", lambda _: 20 * RECORD_BYTES)
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
