"""The outbox when it is full, and when the disk is full."""

from __future__ import annotations

import logging
import resource
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from common.chat_gap import ChatGap, GapReason, decode_chat_gap
from common.frames import Batch, Kind, Record
from readers.outbox import outbox as outbox_module
from readers.outbox.file import PAGE_BYTES, OutboxError
from readers.outbox.numbering_mark import NumberingMark
from readers.outbox.outbox import Outbox
from tests.readers.outboxes import batches_after

RECORD_BYTES = 10_000


def batch(number: int) -> Batch:
    """Return a batch of one large record with the timestamp *number* in seconds."""
    value = b"%d " % number + b"x" * RECORD_BYTES
    return Batch(Kind.CHAT, [Record(b"71", number * 1000, value)])


def held(outbox: Outbox) -> tuple[list[int], list[ChatGap]]:
    """Return the numbers of the chat records in *outbox*, and its gaps."""
    numbers, gaps = [], []
    for found in batches_after(outbox, outbox.acknowledged):
        for record in found.records:
            if found.kind == Kind.GAP:
                gaps.append(decode_chat_gap(record.value))
            else:
                numbers.append(int(record.value.split()[0]))
    return numbers, gaps


@contextmanager
def full_disk(path: Path) -> Iterator[None]:
    """Let no file grow beyond the largest one beside *path*."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    size = max(file.stat().st_size for file in path.parent.iterdir())
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


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


def test_a_full_outbox_is_logged_once(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Another line is logged when there is room again."""
    outbox = Outbox(path, "xqc", max_bytes=1_000_000)
    with caplog.at_level(logging.INFO):
        for number in range(1, 301):
            outbox.append(batch(number))
        assert caplog.text.count("has reached OUTBOX_MAX_BYTES") == 1
        outbox.acknowledge(outbox.last_seq)
        outbox.trim()
        outbox.append(batch(301))
        assert caplog.text.count("has room again") == 1
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


def test_batches_in_memory_are_bounded(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest ones beyond the bound are evicted, and a gap record is added."""
    monkeypatch.setattr(outbox_module, "MEMORY_MAX_BYTES", 50 * RECORD_BYTES)
    outbox = Outbox(path, "xqc", max_bytes=10**9)
    outbox.append(batch(1))
    with full_disk(path):
        for number in range(2, 1001):
            outbox.append(batch(number))
        numbers, gaps = held(outbox)
    assert numbers[-1] == 1000
    assert {gap.reason for gap in gaps} == {GapReason.OVERFLOWED}
    assert outbox.evicted > 100
    outbox.close()


def test_an_evicted_batch_is_not_returned_by_append(path: Path) -> None:
    """Not even if it is the batch that was just appended."""
    outbox = Outbox(path, "xqc", max_bytes=500_000)
    kept = [outbox.append(batch(number)) for number in range(1, 201)]
    assert None in kept
    assert [stored for stored in kept if stored][-1] == outbox.batch_after(outbox.last_seq - 1)
    outbox.close()


def test_numbers_sent_from_memory_are_not_used_again(path: Path, tmp_path: Path) -> None:
    """After a kill during a full disk, the publisher has numbers that the file lacks."""
    outbox = Outbox(path, "xqc", max_bytes=10**9)
    outbox.append(batch(1))
    with full_disk(path):
        for number in range(2, 1001):
            outbox.append(batch(number))
        outbox.acknowledge(990)
        outbox.trim()
        left = tmp_path / "left by a kill"
        shutil.copytree(path.parent, left, ignore=lambda *_: [left.name])
    successor = Outbox(left / path.name, "xqc", max_bytes=10**9)
    assert successor.reader == outbox.reader
    assert (successor.acknowledged, successor.last_seq) == (990, 1000)
    assert held(successor) == ([], [])
    successor.append(batch(1001))
    assert successor.oldest_seq == 1001
    successor.tidy()
    successor.close()
    outbox.close()
    assert [file.name for file in left.glob("*numbers*")] == []
    successor = Outbox(left / path.name, "xqc", max_bytes=10**9)
    assert (successor.acknowledged, successor.last_seq) == (990, 1001)
    successor.close()


def test_without_a_mark_nothing_is_sent_from_memory(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the mark cannot be written either, the batches wait for the disk."""

    def refuse(_mark: NumberingMark, _numbers: object) -> None:
        raise PermissionError("nothing can be written")

    monkeypatch.setattr(NumberingMark, "set", refuse)
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
