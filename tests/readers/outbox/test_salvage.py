"""What is copied of a damaged outbox, and where the gap begins."""

from __future__ import annotations

import os
import resource
from contextlib import closing, suppress
from pathlib import Path

import pytest

from common.chat_event import ChatEvent, encode_chat_event
from common.chat_gap import GapReason
from common.event_payloads import MessageDelete
from common.frames import Batch, Kind, Record, encode_frame
from readers.outbox.damage import PAGE_BYTES
from readers.outbox.database import Absence
from readers.outbox.errors import OutboxDamagedError
from readers.outbox.outbox import Outbox
from tests.readers.outbox.damages import (
    ACKNOWLEDGED,
    DAMAGES,
    FIRST_MS,
    MAX_BYTES,
    MESSAGES,
    batch,
    executed,
    fill,
    held,
    in_the_file,
    overwrite,
)
from tests.readers.outboxes import batches_after


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the path of an outbox."""
    return tmp_path / "xqc.db"


@pytest.mark.parametrize(("absent_since", "lost_since"), [(9, 2), (1, 1)])
def test_the_gap_begins_with_the_last_message_before_the_loss(
    path: Path, absent_since: int, lost_since: int
) -> None:
    """Or with the absence that was stored, if that is earlier. All times in seconds."""
    with closing(Outbox(path, "xqc", MAX_BYTES)) as outbox:
        outbox.store_absence(Absence(FIRST_MS, GapReason.RESTARTED))
        for number in (1, 2, 3, 4):
            outbox.append(batch(number))
        outbox.store_absence(Absence(FIRST_MS + absent_since * 1000, GapReason.DROPPED))
    executed("UPDATE batch SET body = x'00' WHERE first_seq = 3")(path)
    executed("PRAGMA user_version = 1")(path)
    with closing(Outbox(path, "xqc", MAX_BYTES)) as outbox:
        assert held(outbox) == [1, 2, 4]
        assert outbox.absence() == Absence(FIRST_MS + lost_since * 1000, GapReason.DAMAGED)


def test_what_follows_a_damaged_first_page_is_read_from_the_end(path: Path) -> None:
    """A page has six messages."""
    fill(path)
    in_the_file(0, 0)(path)
    at = path.read_bytes().index(b"%d %s" % (ACKNOWLEDGED, b"x" * 400))
    overwrite(path, at // PAGE_BYTES * PAGE_BYTES, 8)
    with closing(Outbox(path, "xqc", MAX_BYTES)) as outbox:
        numbers = held(outbox)
    assert numbers == list(range(numbers[0], MESSAGES))
    assert ACKNOWLEDGED < numbers[0] <= ACKNOWLEDGED + 6


def test_a_size_that_no_file_can_have_does_not_stop_the_reader(path: Path) -> None:
    """A damaged header says so. The file then stays as short as it is."""
    fill(path)
    in_the_file(0, 0)(path)
    overwrite(path, 28, 4)
    size = path.stat().st_size
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100 * size, limits[1]))
    try:
        with closing(Outbox(path, "xqc", MAX_BYTES)) as outbox:
            assert outbox.absence() is not None
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    (aside,) = path.parent.glob("*.set-aside-*")
    assert os.path.getsize(aside) == size


def event(number: int) -> Batch:
    """Return the batch with event *number*, which is as large as a message."""
    sent_ms = FIRST_MS + number * 1000
    deleted = ChatEvent(
        channel_id="71",
        channel="xqc",
        type="message_delete",
        timestamp=sent_ms,
        message_delete=MessageDelete(f"{number} {'x' * 400}", "ann"),
    )
    return Batch(Kind.EVENT, [Record(b"71", sent_ms, encode_chat_event(deleted), b"id")])


@pytest.mark.parametrize("damage", ["a page in the middle", "content of a batch"])
def test_events_are_kept_like_messages(path: Path, damage: str) -> None:
    """In their order, and with what they say."""
    with closing(Outbox(path, "xqc", MAX_BYTES)) as outbox:
        outbox.store_absence(Absence(FIRST_MS, GapReason.RESTARTED))
        put = [event(number) if number % 2 else batch(number) for number in range(MESSAGES)]
        for one in put:
            outbox.append(one)
    DAMAGES[damage](path)
    # It may turn out to be damaged only when it is read.
    with closing(Outbox(path, "xqc", MAX_BYTES)) as outbox, suppress(OutboxDamagedError):
        list(batches_after(outbox, 0))
    with closing(Outbox(path, "xqc", MAX_BYTES)) as outbox:
        kept = list(batches_after(outbox, 0))
    assert kept == [one for one in put if one in kept]
    lost = len(put) - len(kept)
    # A page has about six.
    assert 0 < lost <= 20


def test_a_damaged_event_is_lost_and_the_gap_begins_before_it(path: Path) -> None:
    """Kafka must not get what is not JSON."""
    with closing(Outbox(path, "xqc", MAX_BYTES)) as outbox:
        outbox.store_absence(Absence(FIRST_MS + 9000, GapReason.RESTARTED))
        for one in (batch(1), event(2), batch(3)):
            outbox.append(one)
    cut_off = Batch(Kind.EVENT, [Record(b"71", FIRST_MS, b'{"channel_id":"71"')])
    executed("UPDATE batch SET body = ? WHERE first_seq = 2", encode_frame(cut_off))(path)
    executed("PRAGMA user_version = 1")(path)
    with closing(Outbox(path, "xqc", MAX_BYTES)) as outbox:
        assert list(batches_after(outbox, 0)) == [batch(1), batch(3)]
        assert outbox.absence() == Absence(FIRST_MS + 1000, GapReason.DAMAGED)
