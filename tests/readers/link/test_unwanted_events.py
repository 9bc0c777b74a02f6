"""Events in the outbox of a reader whose publisher takes none: it is older, or they are off."""

from __future__ import annotations

import pytest

from common.frames import Kind
from publisher.link.sequence import Delivery, Position, ReceivingLink
from readers.link.sender import Sender
from readers.outbox.outbox import Outbox
from tests.readers.link.acting_publisher import SESSION, Publisher, append
from tests.readers.polling import until


async def test_messages_go_on_without_the_events(
    sender: Sender, publisher: Publisher, outbox: Outbox, caplog: pytest.LogCaptureFixture
) -> None:
    """In front of them, between them and behind them; the publisher accepts each batch at once."""
    append(outbox, b"first event", kind=Kind.EVENT)
    append(outbox, b"a", b"b")
    append(outbox, b"event", b"event", kind=Kind.EVENT)
    append(outbox, b"c")
    append(outbox, b"last event", kind=Kind.EVENT)
    stored = [outbox.batch_after(seq) for seq in (1, 5)]
    link = ReceivingLink(SESSION)
    publisher.announce(takes_events=False)

    for batch, count in zip(stored, (2, 1), strict=True):
        assert batch is not None
        envelope, body = await publisher.receive_batch()
        assert body == batch.body
        accepted = link.accept(envelope, count)
        assert isinstance(accepted, Delivery), accepted
        accepted.confirm()
        last = Position(batch.last_seq, envelope.incarnation)
        assert link.take_acknowledgements() == {outbox.reader: last}
        assert not publisher.has_received()
        publisher.acknowledge(outbox.reader, last.seq, incarnation=last.incarnation)

    await until(lambda: outbox.is_empty)
    assert await sender.wait_until_empty(timeout_s=60)
    assert caplog.text.count("the publisher does not take events") == 1


async def test_a_publisher_that_takes_events_gets_them(
    sender: Sender, publisher: Publisher, outbox: Outbox
) -> None:
    """Also those that were stored before it was known."""
    append(outbox, b"event", kind=Kind.EVENT)
    append(outbox, b"a")
    publisher.announce()

    first, second = await publisher.receive_batch(), await publisher.receive_batch()
    assert (first[0].first_seq, second[0].first_seq) == (1, 2)
    assert sender.takes_events
