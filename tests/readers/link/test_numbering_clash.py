"""The publisher has records of a copy of the outbox: the sender takes a new name."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path

import pytest

from common.frames import (
    ANNOUNCEMENT_TOPIC,
    acknowledgement_topic,
    announcement_topic,
)
from readers.link.sender import Sender
from readers.outbox.outbox import Outbox
from tests.readers.link.acting_publisher import FakeClock, Publisher, append, running
from tests.readers.polling import until


async def accept_new_name(publisher: Publisher, outbox: Outbox, former: str) -> None:
    """Act as the publisher until the sender sends its oldest batch under a new name."""
    await until(lambda: outbox.reader != former)
    subscriptions = [await publisher.next_subscription()]
    while subscriptions[-1] != b"\x01" + announcement_topic(outbox.reader):
        subscriptions.append(await publisher.next_subscription())
    assert b"\x00" + acknowledgement_topic(former) in subscriptions
    # The publisher is the same, and announces the same session. All the same, the sender goes back.
    publisher.announce()
    publisher.announce_to(outbox.reader)
    sent, _ = await publisher.receive_batch()
    while sent.reader == former:
        sent, _ = await publisher.receive_batch()
    assert sent.reader == outbox.reader
    assert sent.first_seq == sent.oldest_seq == outbox.oldest_seq


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param((1, 5), id="a number that another incarnation gave"),
        pytest.param((9, 0), id="a number that was never given, from an older publisher"),
        pytest.param((9, 5), id="a number that was never given"),
    ],
)
async def test_everything_is_sent_under_a_new_name(
    sender: Sender,
    publisher: Publisher,
    outbox: Outbox,
    caplog: pytest.LogCaptureFixture,
    wrong: tuple[int, int],
) -> None:
    """Nothing counts as acknowledged. One warning names both names."""
    former = outbox.reader
    seq, incarnation = wrong
    append(outbox, b"a")
    append(outbox, b"b")
    publisher.announce()
    await publisher.receive_batch()
    publisher.acknowledge(former, seq, incarnation=incarnation)
    await accept_new_name(publisher, outbox, former)
    assert outbox.waiting == 2
    publisher.acknowledge(former, seq, incarnation=incarnation)
    publisher.announce_to(former)
    publisher.acknowledge(outbox.reader, 2, incarnation=outbox.numbering.incarnation_of(2))
    assert await sender.wait_until_empty(60.0)
    warnings = [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]
    assert len(warnings) == 1
    assert former in warnings[0]
    assert outbox.reader in warnings[0]
    assert "the 2 messages" in warnings[0]


async def test_an_idle_reader_takes_a_new_name_too(
    sender: Sender, publisher: Publisher, outbox: Outbox
) -> None:
    """It holds nothing, so nothing is published twice."""
    former = outbox.reader
    publisher.announce()
    assert await publisher.next_subscription() == b"\x00" + ANNOUNCEMENT_TOPIC
    publisher.acknowledge(former, 1, incarnation=5)
    await until(lambda: outbox.reader != former)
    while await publisher.next_subscription() != b"\x01" + ANNOUNCEMENT_TOPIC:
        pass
    publisher.announce()
    append(outbox, b"a")
    sender.send()
    assert (await publisher.receive_batch())[0].reader == outbox.reader


async def test_records_of_an_earlier_process_may_be_acknowledged(
    publisher: Publisher, clock: FakeClock, tmp_path: Path
) -> None:
    """The process was killed before it received the acknowledgement. That is no clash."""
    path = tmp_path / "killed.db"
    outbox = Outbox(path, "xqc", 10**9)
    append(outbox, b"a")
    incarnation = outbox.numbering.incarnation_of(1)
    outbox.close()
    outbox = Outbox(path, "xqc", 10**9)
    former = outbox.reader
    append(outbox, b"b")
    async with running(Sender(outbox, [publisher.address], clock), publisher):
        publisher.announce()
        publisher.acknowledge(former, 1, incarnation=incarnation)
        await until(lambda: outbox.acknowledged == 1)
    assert outbox.reader == former
    assert outbox.numbering.incarnation_of(2) != incarnation
    outbox.close()


async def test_records_of_a_process_that_the_copy_does_not_know_are_a_clash(
    publisher: Publisher, clock: FakeClock, tmp_path: Path
) -> None:
    """Even if the copy was opened again, after it had gone beyond the acknowledged number."""
    outbox = Outbox(tmp_path / "one" / "xqc.db", "xqc", 10**9)
    append(outbox, b"a")
    outbox.close()
    shutil.copytree(tmp_path / "one", tmp_path / "two")
    outbox = Outbox(tmp_path / "one" / "xqc.db", "xqc", 10**9)
    append(outbox, b"b")
    former, incarnation = outbox.reader, outbox.numbering.incarnation_of(2)
    outbox.close()
    for text in (b"c", b"d"):
        clone = Outbox(tmp_path / "two" / "xqc.db", "xqc", 10**9)
        append(clone, text)
        clone.close()
    clone = Outbox(tmp_path / "two" / "xqc.db", "xqc", 10**9)
    assert clone.reader == former
    async with running(Sender(clone, [publisher.address], clock), publisher):
        publisher.announce()
        publisher.acknowledge(former, 2, incarnation=incarnation)
        await accept_new_name(publisher, clone, former)
    assert clone.waiting == 3
    clone.close()
