"""What a reader logs about its messages when it stops."""

from __future__ import annotations

import logging
from collections.abc import Callable

import pytest

from common.command_line import command
from common.frames import Batch, Kind, Record
from readers.outbox.outbox import Outbox
from readers.reader import log_summary
from readers.record_builder import RecordBuilder
from tests.readers.outbox import disk


@pytest.fixture
def summary(outbox: Outbox, caplog: pytest.LogCaptureFixture) -> Callable[[], str]:
    """Return a function that returns the summary."""

    def log() -> str:
        caplog.clear()
        with caplog.at_level(logging.INFO):
            log_summary(outbox, RecordBuilder(outbox.append))
        return caplog.text

    return log


def append(outbox: Outbox, records: int) -> None:
    """Put *records* large records into *outbox*, in a batch for each."""
    for number in range(records):
        outbox.append(Batch(Kind.CHAT, [Record(b"71", number, b"x" * 9000)]))


def test_messages_on_disk_stay(
    outbox: Outbox, summary: Callable[[], str], caplog: pytest.LogCaptureFixture
) -> None:
    """They are sent by the next reader. The first line has all numbers as fields."""
    append(outbox, 3)
    text = summary()
    assert "3 messages are not acknowledged: they stay in the outbox" in text
    assert f"if it will not be, `{command('drain')}` sends them" in text
    assert "could not be written" not in text
    numbers = vars(caplog.records[0])["counts"]
    assert numbers == {
        "messages": 0,
        "duplicates": 0,
        "invalid_emote_positions": 0,
        "left": 3,
        "lost": 0,
    }


def test_messages_in_memory_are_lost(outbox: Outbox, summary: Callable[[], str]) -> None:
    """They are counted by themselves."""
    append(outbox, 3)
    disk.refuse(outbox)
    append(outbox, 5)
    assert outbox.unwritten
    on_disk = 8 - outbox.unwritten
    assert f"{outbox.unwritten} messages could not be written to the outbox" in summary()
    assert f"{on_disk} messages are not acknowledged: they stay" in summary()


def test_an_empty_outbox_has_nothing_to_say(outbox: Outbox, summary: Callable[[], str]) -> None:
    """One line, with the number of messages."""
    append(outbox, 3)
    outbox.acknowledge(3)
    outbox.trim()
    assert summary().count("\n") == 1
