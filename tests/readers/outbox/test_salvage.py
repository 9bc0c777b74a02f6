"""What is copied of a damaged outbox, and where the gap begins."""

from __future__ import annotations

import os
import resource
from contextlib import closing
from pathlib import Path

import pytest

from common.chat_gap import GapReason
from readers.outbox.damage import PAGE_BYTES
from readers.outbox.database import Absence
from readers.outbox.outbox import Outbox
from tests.readers.outbox.damages import (
    ACKNOWLEDGED,
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
