"""Fixtures for the tests of the sender: a publisher that the test acts as, and a clock."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import closing

import pytest

from readers.link.sender import Sender
from readers.outbox.outbox import Outbox
from tests.readers.link.acting_publisher import FakeClock, Publisher, running


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    """Return a publisher that has not sent anything yet."""
    with closing(Publisher()) as publisher:
        yield publisher


@pytest.fixture
def clock() -> FakeClock:
    """Return the sender's clock."""
    return FakeClock()


@pytest.fixture
async def sender(publisher: Publisher, outbox: Outbox, clock: FakeClock) -> AsyncIterator[Sender]:
    """Return a running sender, subscribed to the publisher."""
    async with running(Sender(outbox, [publisher.address], clock), publisher) as sender:
        yield sender
