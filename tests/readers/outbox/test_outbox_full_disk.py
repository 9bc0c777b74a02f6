"""The outbox when the disk is full: batches are kept in memory."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path

import pytest

from common.chat_gap import GapReason
from readers.outbox import refusals
from readers.outbox.database import Absence
from readers.outbox.outbox import Outbox
from tests.readers.outbox import disk
from tests.readers.outbox.disk import full_disk, killed
from tests.readers.outbox.numbered import RECORD_BYTES, batch, held


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the path of the outbox."""
    return tmp_path / "xqc.db"


def test_on_a_full_disk_batches_are_kept_in_memory(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """They follow those on disk. One line is logged, and they can be acknowledged."""
    outbox = Outbox(path, "xqc", max_bytes=10**9)
    outbox.append(batch(1))
    with full_disk(path):
        for number in range(2, 1001):
            outbox.append(batch(number))
        assert held(outbox) == (list(range(1, 1001)), [])
        assert caplog.text.count("keeping messages in memory") == 1
        outbox.acknowledge(990)
        outbox.trim()
        assert held(outbox) == (list(range(991, 1001)), [])
        assert outbox.oldest_seq == 991
    outbox.close()


def test_an_outbox_can_be_opened_on_a_full_disk(path: Path) -> None:
    """A reader that was killed there receives again at once, and does not fail at each start."""
    outbox = Outbox(path, "xqc", max_bytes=10**9)
    outbox.append(batch(1))
    with full_disk(path):
        while not outbox.unwritten:
            outbox.append(batch(2))
        with killed(path) as successor:
            assert successor.append(batch(3))
            assert successor.unwritten == 1
    outbox.close()


def test_batches_in_memory_are_written_when_there_is_room_again(path: Path) -> None:
    """The next `tidy` writes them, without a new message."""
    outbox = Outbox(path, "xqc", max_bytes=10**9)
    outbox.append(batch(1))
    with full_disk(path):
        for number in range(2, 1001):
            outbox.append(batch(number))
        outbox.acknowledge(500)
        outbox.trim()
    outbox.tidy()
    outbox.close()
    outbox = Outbox(path, "xqc", max_bytes=10**9)
    assert outbox.acknowledged == 500
    assert held(outbox) == (list(range(501, 1001)), [])
    outbox.close()


def test_batches_in_memory_are_bounded(
    path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A share is evicted at a time, with one gap record. Gap records do not crowd out chat."""
    monkeypatch.setattr(refusals, "memory_bound", lambda _: 50 * RECORD_BYTES)
    outbox = Outbox(path, "xqc", max_bytes=10**9)
    outbox.append(batch(1))
    disk.refuse(outbox)
    for number in range(2, 1001):
        outbox.append(batch(number))
        numbers, gaps = held(outbox)
        assert len(numbers) <= 50
        assert numbers == [1, *range(numbers[1], number + 1)]
        assert number - numbers[1] > 30 or numbers[1] == 2
        assert len(gaps) <= 16
    assert outbox.evicted == 1000 - len(numbers)
    assert min(gap.from_ms for gap in gaps) == 2000
    assert max(gap.to_ms for gap in gaps) == (numbers[1] - 1) * 1000
    assert {gap.reason for gap in gaps} == {GapReason.OVERFLOWED}
    assert caplog.text.count("of memory are full: evicting the oldest messages") == 1
    outbox.close()


def test_what_is_acknowledged_is_not_evicted_from_memory(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The acknowledgements that came since the last tick are read before."""
    monkeypatch.setattr(refusals, "memory_bound", lambda _: 50 * RECORD_BYTES)
    outbox = Outbox(path, "xqc", max_bytes=10**9)
    outbox.before_eviction = lambda: outbox.acknowledge(outbox.last_seq - 1)
    disk.refuse(outbox)
    for number in range(1, 201):
        assert outbox.append(batch(number)) is not None
    assert outbox.evicted == 0
    outbox.close()


def test_a_batch_larger_than_the_memory_is_evicted(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only its gap record stays."""
    monkeypatch.setattr(refusals, "memory_bound", lambda _: RECORD_BYTES)
    outbox = Outbox(path, "xqc", max_bytes=10**9)
    disk.refuse(outbox)
    for number in range(10, 20):
        assert outbox.append(batch(number)) is None
        numbers, gaps = held(outbox)
        assert numbers == []
        assert [(gap.from_ms, gap.to_ms) for gap in gaps] == [(10_000, number * 1000)]
    outbox.close()


@pytest.mark.parametrize(("records", "size"), [(1, 100), (1, 1500), (40, 300)])
def test_memory_of_the_process_is_bounded(records: int, size: int, path: Path) -> None:
    """What a full memory adds to the resident memory is at most what it says."""
    program = """
import sys
from pathlib import Path
from common.frames import Batch, Kind, Record
from readers.outbox import refusals
from readers.outbox.outbox import Outbox
from tests.readers.outbox import disk

path, records, size, bound = sys.argv[1], *map(int, sys.argv[2:])
refusals.memory_bound = lambda _: bound
outbox = Outbox(Path(path), "xqc", 10**9)

def append(number):
    length = size + number * 7919 % (size // 2)
    batch = [Record(b"71", number, b"x" * length, b"i" * 36) for _ in range(records)]
    outbox.append(Batch(Kind.CHAT, batch))

def resident():
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096

[append(number) for number in range(100)]
disk.refuse(outbox)
before = resident()
number = 0
while outbox.evicted * size < bound / 4:
    number += 1
    append(number)
print(resident() - before)
"""
    bound = 8 * 1024 * 1024
    arguments = [sys.executable, "-c", program, str(path), str(records), str(size), str(bound)]
    finished = subprocess.run(arguments, check=True, capture_output=True, text=True, timeout=60)
    assert bound / 2 < int(finished.stdout) <= bound


def test_an_absence_waits_until_everything_is_written(path: Path) -> None:
    """A kill then leaves a gap that covers what was in memory. A smaller row may still fit."""
    outbox = Outbox(path, "xqc", max_bytes=10**9)
    outbox.store_absence(Absence(1000, GapReason.RESTARTED))
    disk.refuse(outbox)
    outbox.append(batch(2))
    outbox.store_absence(Absence(3000, GapReason.RESTARTED))
    outbox.store_absence(Absence(4000, GapReason.DISCONNECTED))
    outbox.tidy()
    assert outbox.absence() == Absence(1000, GapReason.RESTARTED)
    disk.accept(outbox)
    outbox.tidy()
    assert outbox.absence() == Absence(4000, GapReason.DISCONNECTED)
    outbox.close()


def test_an_absence_is_stored_once_what_was_in_memory_is_acknowledged(path: Path) -> None:
    """Kafka has everything up to then."""
    outbox = Outbox(path, "xqc", max_bytes=10**9)
    outbox.store_absence(Absence(1000, GapReason.RESTARTED))
    disk.refuse(outbox)
    outbox.append(batch(2))
    outbox.store_absence(Absence(3000, GapReason.RESTARTED))
    outbox.acknowledge(1)
    outbox.tidy()
    assert outbox.absence() == Absence(3000, GapReason.RESTARTED)
    outbox.close()


def test_the_first_absence_that_the_disk_refuses_is_in_the_mark(path: Path) -> None:
    """Otherwise, a killed reader whose disk refused everything would look like one that is new."""
    outbox = Outbox(path, "xqc", max_bytes=10**9)
    with full_disk(path):
        outbox.store_absence(Absence(1000, GapReason.RESTARTED))
        outbox.append(batch(2))
        outbox.close()
    (mark,) = path.parent.glob("*-numbers-*")
    since_ms = mark.stat().st_mtime_ns // 1_000_000
    for _ in range(2):
        outbox = Outbox(path, "xqc", max_bytes=10**9)
        assert outbox.absence() == Absence(since_ms, GapReason.RESTARTED)
        outbox.close()


def test_a_disk_that_takes_only_some_things_is_logged_once(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It takes deletions, and no batches. One line is logged when all is written."""
    outbox = Outbox(path, "xqc", max_bytes=10**9)
    with caplog.at_level(logging.INFO):
        for number in range(1, 11):
            outbox.append(batch(number))
        disk.refuse(outbox)
        for number in range(11, 31):
            outbox.append(batch(number))
            outbox.acknowledge((number - 10) // 4)
            outbox.trim()
        assert outbox.unwritten
        outbox.tidy()
        assert "can be written again" not in caplog.text
        disk.accept(outbox)
        outbox.tidy()
        assert caplog.text.count("keeping messages in memory") == 1
        assert caplog.text.count("can be written again") == 1
        disk.refuse(outbox)
        while not outbox.unwritten:
            outbox.append(batch(31))
        assert caplog.text.count("keeping messages in memory") == 2
    outbox.close()
