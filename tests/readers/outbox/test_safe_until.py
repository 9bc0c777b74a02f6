"""The time up to which everything is in Kafka, in a file of its own."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from readers.outbox.safe_until import SafeUntil, safe_until_ms


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the path of an outbox, which need not exist."""
    return tmp_path / "xqc.db"


def test_nothing_is_stored_at_first(path: Path) -> None:
    """An outbox of an older version has no such time."""
    assert safe_until_ms(path) is None


def test_a_time_is_stored_once_all_before_it_is_acknowledged(path: Path) -> None:
    """In a quiet channel that is at once."""
    safe_until = SafeUntil(path)
    safe_until.on_received(5, 1_000_001, acknowledged=5)
    assert safe_until_ms(path) == 1_000_001
    safe_until.on_received(9, 2_000_000, acknowledged=8)
    assert safe_until_ms(path) == 1_000_001
    safe_until.on_received(20, 3_000_000, acknowledged=8)
    assert safe_until_ms(path) == 1_000_001
    safe_until.on_received(25, 4_000_000, acknowledged=9)
    assert safe_until_ms(path) == 2_000_000
    safe_until.on_received(30, 5_000_000, acknowledged=29)
    safe_until.on_received(31, 6_000_000, acknowledged=30)
    assert safe_until_ms(path) == 5_000_000


def test_the_time_stays_the_same_for_the_next_process(path: Path) -> None:
    """Until it has one of its own."""
    SafeUntil(path).on_received(5, 1_000_000, acknowledged=5)
    SafeUntil(path).on_received(9, 2_000_000, acknowledged=5)
    assert safe_until_ms(path) == 1_000_000


def test_a_time_that_cannot_be_stored_is_left_out(path: Path) -> None:
    """A gap then begins earlier, or where the files were written."""
    safe_until = SafeUntil(path)
    shutil.rmtree(path.parent)
    safe_until.on_received(5, 1_000_000, acknowledged=5)
    assert safe_until_ms(path) is None
