"""The outbox when its file is full."""

from __future__ import annotations

import logging
import sqlite3
from pathlib import Path

import pytest

from common.chat_gap import ChatGap, GapReason
from common.frames import Batch, Kind
from common.status.reader_status import DropReason, ReaderStatus
from monitor.collection.books import unaccounted_by_reader
from readers.outbox.damage import PAGE_BYTES
from readers.outbox.database import OutboxDatabase
from readers.outbox.errors import OutboxError
from readers.outbox.gap_batch import gap_batch
from readers.outbox.outbox import Outbox
from tests.readers.outbox.numbered import batch, held


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the path of the outbox."""
    return tmp_path / "xqc.db"


def test_a_full_outbox_evicts_its_oldest_messages(path: Path) -> None:
    """The newest ones stay, in order, and the file stays near its bound."""
    outbox = Outbox(path, "xqc", max_bytes=1_000_000)
    for number in range(1, 301):
        outbox.append(batch(number))
    numbers, gaps = held(outbox)
    assert numbers == list(range(numbers[0], 301))
    assert 50 < len(numbers) < 100
    assert outbox.evicted >= 300 - len(numbers)
    assert path.stat().st_size < 1_100_000
    assert gaps
    outbox.close()


def test_evicted_messages_are_covered_by_gap_records(path: Path) -> None:
    """The gaps cover the times of all missing messages, with the reason."""
    outbox = Outbox(path, "xqc", max_bytes=1_000_000)
    for number in range(1, 151):
        outbox.append(batch(number))
    numbers, gaps = held(outbox)
    covered = {
        number
        for gap in gaps
        for number in range(gap.from_ms // 1000, gap.to_ms // 1000 + 1)
        if gap.reason is GapReason.OVERFLOWED and gap.channel_id == "71"
    }
    assert covered | set(numbers) >= set(range(1, 151))
    assert covered.isdisjoint(numbers)
    outbox.close()


def test_evicted_events_are_covered_and_counted(path: Path) -> None:
    """Like messages: the gap says that there may have been some."""
    status = ReaderStatus()
    outbox = Outbox(path, "xqc", 1_000_000, status)
    for number in range(1, 151):
        outbox.append(Batch(Kind.EVENT, batch(number).records))
    kept, gaps = held(outbox)
    lost = set(range(1, 151)).difference(kept)
    assert len(lost) == status.dropped[DropReason.OVERFLOWED] == outbox.evicted > 0
    assert status.events == 150
    assert not unaccounted_by_reader(status)
    assert {gap.reason for gap in gaps} == {GapReason.OVERFLOWED}
    spans = [(gap.from_ms, gap.to_ms) for gap in gaps]
    assert all(any(start <= n * 1000 <= end for start, end in spans) for n in lost)
    outbox.close()


def test_a_full_outbox_is_logged_once(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Another line is logged when there is room again."""
    outbox = Outbox(path, "xqc", max_bytes=1_000_000)
    with caplog.at_level(logging.INFO):
        for number in range(1, 301):
            outbox.append(batch(number))
        assert caplog.text.count(f"{path} has reached OUTBOX_MAX_BYTES") == 1
        outbox.acknowledge(outbox.last_seq)
        outbox.trim()
        for number in (301, 302):
            outbox.append(batch(number))
        assert caplog.text.count("has room again") == 1
        for number in range(303, 500):
            outbox.append(batch(number))
        assert caplog.text.count("has reached OUTBOX_MAX_BYTES") == 2
    outbox.close()


def test_the_oldest_seq_is_right_after_an_eviction(path: Path) -> None:
    """The publisher must not wait for records that were evicted."""
    outbox = Outbox(path, "xqc", max_bytes=1_000_000)
    for number in range(1, 151):
        outbox.append(batch(number))
    first = outbox.batch_after(0)
    assert first is not None
    assert outbox.oldest_seq == first.first_seq > 1
    outbox.close()


def test_the_file_shrinks_after_an_outage(path: Path) -> None:
    """Each `tidy` returns some of the free pages."""
    outbox = Outbox(path, "xqc", max_bytes=10**9)
    for number in range(1, 5001):
        outbox.append(batch(number))
    grown = path.stat().st_size
    outbox.acknowledge(outbox.last_seq)
    outbox.trim()
    for _ in range(10):
        outbox.tidy()
    assert grown > 50_000_000
    assert sum(file.stat().st_size for file in path.parent.iterdir()) < 10_000_000
    outbox.close()


def test_an_outbox_with_prompt_acknowledgements_does_not_grow(path: Path) -> None:
    """New batches reuse the pages of acknowledged ones."""
    outbox = Outbox(path, "xqc", max_bytes=10**9)
    for number in range(1, 3001):
        outbox.append(batch(number))
        outbox.acknowledge(outbox.last_seq)
        outbox.trim()
        outbox.tidy()
    assert sum(file.stat().st_size for file in path.parent.iterdir()) < 10_000_000
    outbox.close()


def test_an_evicted_batch_is_not_returned_by_append(path: Path) -> None:
    """Not even if it is the batch that was just appended."""
    outbox = Outbox(path, "xqc", max_bytes=500_000)
    kept = [outbox.append(batch(number)) for number in range(1, 201)]
    assert None in kept
    assert [stored for stored in kept if stored][-1] == outbox.batch_after(outbox.last_seq - 1)
    outbox.close()


def test_damage_found_while_running_is_a_clear_error(path: Path) -> None:
    """The reader then exits, and its next start sets the file aside."""
    outbox = Outbox(path, "xqc", max_bytes=10**9)
    for number in range(1, 301):
        outbox.append(batch(number))
    outbox.close()
    outbox = Outbox(path, "xqc", max_bytes=10**9)
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(PAGE_BYTES)
        file.write(b"\xff" * (size - PAGE_BYTES))
    with pytest.raises(OutboxError, match="is damaged"):
        held(outbox)
    outbox.close()
    outbox = Outbox(path, "xqc", max_bytes=10**9)
    assert list(path.parent.glob("*.set-aside-*"))
    outbox.close()


@pytest.mark.parametrize("max_bytes", [1, 30_000, 65_536, 200_000])
def test_a_small_bound_is_kept(path: Path, max_bytes: int) -> None:
    """A bound that is too small for anything holds one gap record."""
    outbox = Outbox(path, "xqc", max_bytes)
    for number in range(1, 301):
        outbox.append(batch(number))
        assert outbox._database.used_and_free_bytes()[0] <= max(max_bytes, 65_536)
    numbers, gaps = held(outbox)
    assert outbox.waiting == len(numbers) + len(gaps)
    covered = [gap for gap in gaps if gap.from_ms == 1000]
    assert covered
    assert outbox.evicted == 300 - len(numbers)
    outbox.close()


def test_a_lost_gap_record_is_part_of_the_new_one(path: Path) -> None:
    """It may lie among younger messages: where readers are compared, it is appended later."""
    outbox = Outbox(path, "xqc", max_bytes=1_000_000)
    outbox.append(batch(101))
    outbox.append(gap_batch(ChatGap("71", "xqc", 1, 100_000, GapReason.DISCONNECTED)))
    number = 102
    while not outbox.evicted:
        outbox.append(batch(number))
        number += 1
    _, gaps = held(outbox)
    assert [(gap.from_ms, gap.reason) for gap in gaps] == [(1, GapReason.OVERFLOWED)]
    outbox.close()


def test_nothing_is_evicted_if_the_disk_refuses_the_gap_record(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kill would lose the messages without a gap. No number is skipped, either."""

    def refuse(_database: OutboxDatabase, _first_seq: int, _gap: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    outbox = Outbox(path, "xqc", max_bytes=200_000)
    with monkeypatch.context() as patched:
        patched.setattr(OutboxDatabase, "replace_oldest", refuse)
        for number in range(1, 31):
            outbox.append(batch(number))
    assert held(outbox) == (list(range(1, 31)), [])
    assert (outbox.evicted, outbox.last_seq) == (0, 30)
    outbox.append(batch(31))
    assert outbox.evicted > 0
    assert outbox._database.used_and_free_bytes()[0] <= 200_000
    outbox.close()
