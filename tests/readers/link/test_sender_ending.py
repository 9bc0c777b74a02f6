"""What ends a sender: to be cancelled, and a damaged outbox, but no refusal."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from readers.link import sender as sender_module
from readers.link.sender import Sender
from readers.outbox.errors import OutboxDamagedError
from readers.outbox.outbox import Outbox
from tests.readers.link.acting_publisher import FakeClock, Publisher, append, running
from tests.readers.link.encrypted_publisher import EncryptedPublisher
from tests.readers.polling import until

#: Longer than any test: nothing is left to the timer.
_NEVER_S = 1000.0


def damage(outbox: Outbox) -> None:
    """Overwrite the batches in *outbox*."""
    outbox._database._connection.execute("UPDATE batch SET body = x'00'")


@pytest.mark.parametrize("cause", ["announcement", "timer"])
async def test_a_damaged_outbox_ends_the_sender(
    publisher: Publisher,
    outbox: Outbox,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
    cause: str,
) -> None:
    """The loop alone would log the error, and the reader would never send again."""
    monkeypatch.setattr(sender_module, "TICK_S", 0.01 if cause == "timer" else _NEVER_S)
    append(outbox, b"a")
    if cause == "announcement":
        damage(outbox)
    running = asyncio.create_task(Sender(outbox, [publisher.address], clock).run())
    await publisher.wait_for_subscriber()
    publisher.announce()
    if cause == "timer":
        await publisher.receive_batch()
        append(outbox, b"b")
        damage(outbox)
    with pytest.raises(OutboxDamagedError):
        await asyncio.wait_for(running, 60)


async def test_a_sender_that_was_cancelled_leaves_nothing_in_the_loop(
    publisher: Publisher, outbox: Outbox, clock: FakeClock
) -> None:
    """Neither the descriptor of a socket, whose number the next one may get, nor its timer."""
    sender = Sender(outbox, [publisher.address], clock)
    running = asyncio.create_task(sender.run())
    await publisher.wait_for_subscriber()
    descriptor = sender._publishers.all[0].fileno()
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    assert not asyncio.get_running_loop().remove_reader(descriptor)
    assert sender._timer is not None
    assert sender._timer.cancelled()


async def test_a_sender_that_was_refused_tries_again(
    encrypted: EncryptedPublisher,
    outbox: Outbox,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Both of its connections are made again while it waits for the publisher."""
    monkeypatch.setattr(sender_module, "TICK_S", 0.01)
    async with running(Sender(outbox, [encrypted.address], clock)):
        for status in (b"400", b"400", b"200", b"200"):
            await until(encrypted.is_asked)
            encrypted.reply(status)
        await until(lambda: bool(encrypted.acknowledgements.poll(0)))
