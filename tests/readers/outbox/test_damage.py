"""A damaged outbox: what can be read goes on, and a gap record covers the rest."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from common.chat_gap import ChatGap, GapReason, decode_chat_gap
from common.frames import Kind
from readers.outbox import numbering, salvage
from readers.outbox.damage import damage_mark
from readers.outbox.database import Absence
from readers.outbox.errors import OutboxDamagedError
from readers.outbox.outbox import Outbox
from readers.presence import LATENCY_MS, ChannelPresence
from tests.readers.outbox.damages import (
    ACKNOWLEDGED,
    DAMAGES,
    FIRST_MS,
    LAST_MS,
    MAX_BYTES,
    MESSAGES,
    batch,
    executed,
    fill,
    held,
    open_until_mended,
    overwrite,
    record_replaced,
    wal,
)
from tests.readers.outboxes import batches_after


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the path of an outbox that a kill left."""
    return tmp_path / "xqc.db"


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_what_is_damaged_is_kept_or_covered_by_a_gap(
    path: Path, damage: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    """
    Each message is in the new outbox, or the stored absence begins before it.

    The rest keeps its order, gets a numbering with another name, and the file is set aside.
    """
    old_reader = fill(path)
    damage(path)
    outbox = open_until_mended(path)
    kept = held(outbox)
    absence = outbox.absence()
    assert outbox.reader != old_reader
    assert kept == sorted(set(kept))
    assert absence
    lost = set(range(ACKNOWLEDGED, MESSAGES)).difference(kept)
    if lost:
        assert absence.reason is GapReason.DAMAGED
    earliest_ms = min([LAST_MS, *(FIRST_MS + number * 1000 for number in lost)])
    assert FIRST_MS <= absence.since_ms <= earliest_ms
    assert "renamed it to" in caplog.text
    assert list(path.parent.glob("*.set-aside-*"))
    assert not damage_mark(path).exists()
    outbox.append(batch(MESSAGES))
    outbox.close()
    outbox = Outbox(path, "xqc", MAX_BYTES)
    assert held(outbox) == [*kept, MESSAGES]
    assert outbox.absence() == absence
    outbox.close()
    assert len(list(path.parent.glob("*.db.set-aside-*[0-9]"))) == 1


@pytest.mark.parametrize(
    ("damage", "at_least"),
    [("a page in the middle", 380), ("early pages", 250), ("last pages", 250), ("cut off", 150)],
)
def test_most_of_a_damaged_file_is_kept(path: Path, damage: str, at_least: int) -> None:
    """What is before the damage and what is after it."""
    fill(path)
    DAMAGES[damage](path)
    outbox = open_until_mended(path)
    assert at_least <= len(held(outbox)) < MESSAGES - ACKNOWLEDGED
    outbox.close()


@pytest.mark.parametrize(
    ("statement", "number"),
    [
        ("UPDATE batch SET body = '' WHERE first_seq = 11", ACKNOWLEDGED),
        ("UPDATE batch SET body = '' WHERE first_seq = 400", MESSAGES - 1),
    ],
    ids=["oldest", "newest"],
)
def test_damage_of_the_oldest_or_newest_batch_is_found_at_once(
    path: Path, statement: str, number: int
) -> None:
    """So that it costs no second start."""
    fill(path)
    executed(statement)(path)
    outbox = Outbox(path, "xqc", MAX_BYTES)
    assert held(outbox) == [n for n in range(ACKNOWLEDGED, MESSAGES) if n != number]
    outbox.close()


def test_nothing_is_lost_of_an_outbox_of_an_older_version(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then the absence stays as it is, with its reason. It is copied a part at a time."""
    monkeypatch.setattr(salvage, "_BATCHES_AT_A_TIME", MESSAGES // 3)
    fill(path)
    DAMAGES["wrong layout"](path)
    outbox = Outbox(path, "xqc", MAX_BYTES)
    assert held(outbox) == list(range(ACKNOWLEDGED, MESSAGES))
    assert outbox.absence() == Absence(LAST_MS, GapReason.RESTARTED)
    outbox.close()


def test_without_any_content_the_gap_begins_where_all_was_acknowledged(path: Path) -> None:
    """That time is stored beside the outbox. The file's own times are those of the damage."""
    outbox = Outbox(path, "xqc", MAX_BYTES)
    outbox.append(batch(0))
    outbox.acknowledge(1)
    outbox.store_absence(Absence(FIRST_MS + 5_000, GapReason.RESTARTED))
    outbox.append(batch(6))
    outbox.store_absence(Absence(FIRST_MS + 10_000, GapReason.RESTARTED))
    outbox.store_absence(Absence(FIRST_MS + 15_000, GapReason.RESTARTED))
    outbox.close()
    os.truncate(path, 0)
    outbox = Outbox(path, "xqc", MAX_BYTES)
    assert outbox.absence() == Absence(FIRST_MS + 5_000, GapReason.DAMAGED)
    outbox.close()


def test_a_loss_becomes_a_gap_record_when_the_channel_is_joined(path: Path) -> None:
    """It lasts from LATENCY_MS before all was in Kafka to the return to the channel."""
    now_ms = FIRST_MS

    def presence(outbox: Outbox) -> ChannelPresence:
        return ChannelPresence("xqc", outbox, outbox.append, lambda *_: False, lambda: now_ms)

    outbox = Outbox(path, "xqc", MAX_BYTES)
    before = presence(outbox)
    before.on_entered("71")
    before.on_received(FIRST_MS + 60_000)
    outbox.close()
    overwrite(path, 0, 100)
    now_ms += 3_600_000
    outbox = Outbox(path, "xqc", MAX_BYTES)
    presence(outbox).on_entered("71")
    ((record,),) = (found.records for found in batches_after(outbox, 0))
    assert decode_chat_gap(record.value) == ChatGap(
        "71", "xqc", FIRST_MS + 60_000 - LATENCY_MS, now_ms, GapReason.DAMAGED
    )
    outbox.close()


def test_without_that_time_the_gap_begins_where_the_files_were_written(path: Path) -> None:
    """An outbox of an older version has none. The older one of the two files counts."""
    fill(path)
    path.with_name(f"{path.name}-safe-until").unlink()
    os.truncate(path, 0)
    wal(path).write_bytes(b"")
    os.utime(path, (1_000, 1_000))
    os.utime(wal(path), (2_000, 2_000))
    outbox = Outbox(path, "xqc", MAX_BYTES)
    assert outbox.absence() == Absence(1_000_000, GapReason.DAMAGED)
    outbox.close()


def test_damage_found_while_running_is_not_forgotten(path: Path) -> None:
    """The next start does not read the page, but sets the file aside: a mark says so."""
    fill(path)
    DAMAGES["a page in the middle"](path)
    outbox = Outbox(path, "xqc", MAX_BYTES)
    with pytest.raises(OutboxDamagedError, match="the next start will set it aside"):
        held(outbox)
    outbox.close()
    assert damage_mark(path).exists()
    outbox = Outbox(path, "xqc", MAX_BYTES)
    assert not damage_mark(path).exists()
    assert held(outbox)
    outbox.close()


@pytest.mark.parametrize(
    "damage",
    [
        executed("UPDATE batch SET body = zeroblob(600) WHERE first_seq = 12"),
        record_replaced(12, key=b"\xff"),
        record_replaced(12, kind=Kind.GAP),
    ],
    ids=["body", "key", "kind"],
)
def test_an_eviction_finds_damage_too(path: Path, damage: Callable[[Path], None]) -> None:
    """The times of what is evicted are in the batches."""
    fill(path)
    damage(path)
    outbox = Outbox(path, "xqc", 100_000)
    with pytest.raises(OutboxDamagedError, match="is damaged"):
        outbox.append(batch(MESSAGES))
    outbox.close()
    outbox = Outbox(path, "xqc", 100_000)
    outbox.append(batch(MESSAGES))
    outbox.close()


def test_a_deletion_finds_damage_too(path: Path) -> None:
    """SQLite comes to the page when it deletes what is acknowledged."""
    fill(path)
    DAMAGES["early pages"](path)
    outbox = Outbox(path, "xqc", MAX_BYTES)
    outbox.acknowledge(100)
    with pytest.raises(OutboxDamagedError, match="is damaged"):
        outbox.trim()
    outbox.close()


def test_an_outbox_that_fails_to_open_is_not_left_open(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`readers.drain` opens it again, in the same process: it would take itself for its reader."""

    def fail(_: Path) -> None:
        raise OutboxDamagedError("found late")

    fill(path)
    with monkeypatch.context() as patch:
        patch.setattr(numbering, "NumberingMark", fail)
        with pytest.raises(OutboxDamagedError, match="found late"):
            Outbox(path, "xqc", MAX_BYTES)
    outbox = Outbox(path, "xqc", MAX_BYTES)
    assert held(outbox) == list(range(ACKNOWLEDGED, MESSAGES))
    outbox.close()


def test_a_message_with_a_hole_is_not_published(path: Path) -> None:
    """Of a file that is known to be damaged, the content of the records is decoded, too."""
    fill(path)
    executed(
        "UPDATE batch SET body = CAST(replace(CAST(body AS TEXT), 'xxxx', 'xx\"x') AS BLOB)"
        " WHERE first_seq = 200"
    )(path)
    damage_mark(path).touch()
    outbox = Outbox(path, "xqc", MAX_BYTES)
    assert held(outbox) == [number for number in range(ACKNOWLEDGED, MESSAGES) if number != 199]
    outbox.close()
