"""What a sender reports of its reader's presence in the channel."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from common.frames import Presence
from readers.link.sender import Sender
from readers.outbox import file as outbox_file
from readers.outbox.outbox import Outbox
from tests.readers.link.acting_publisher import FakeClock, Publisher, append, running
from tests.readers.polling import until


async def test_presence_is_only_reported_to_a_publisher_that_compares_readers(
    sender: Sender, publisher: Publisher, outbox: Outbox
) -> None:
    """Nothing is sent to a publisher that does not deduplicate."""
    assert not sender.report_presence("71", 1, 2)
    publisher.announce(deduplicates=True)
    await until(lambda: sender.report_presence("71", 4, 4))
    assert await publisher.receive_presence() == Presence(outbox.reader, "71", 4, 4)


async def test_a_presence_ends_where_messages_are_not_in_kafka_yet(
    sender: Sender, publisher: Publisher, outbox: Outbox
) -> None:
    """Being in the channel does not prove that they will be. Later, the rest is reported."""
    publisher.announce(deduplicates=True)
    await until(lambda: sender.report_presence("71", 5, 4))
    append(outbox, b"a")
    assert sender.report_presence("71", 10, 20)
    sender.send()
    await publisher.receive_batch()
    publisher.acknowledge(outbox.reader, 1)
    await until(lambda: outbox.is_empty)
    assert sender.report_presence("71", 10, 30)
    assert await publisher.receive_presence() == Presence(outbox.reader, "71", 10, 30)


async def test_numbers_that_were_skipped_hold_no_presence_up(
    tmp_path: Path, publisher: Publisher, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a boot of the host, the last number is one that no message has."""
    path = tmp_path / "xqc.db"
    Outbox(path, "xqc", max_bytes=10**9).close()
    monkeypatch.setattr(outbox_file, "boot_id", lambda: "another boot")
    with closing(Outbox(path, "xqc", max_bytes=10**9)) as outbox:
        sender = Sender(outbox, [publisher.address], clock)
        async with running(sender, publisher):
            publisher.announce(deduplicates=True)
            await until(lambda: sender.report_presence("71", 3, 4))
            assert await publisher.receive_presence() == Presence(outbox.reader, "71", 3, 4)
