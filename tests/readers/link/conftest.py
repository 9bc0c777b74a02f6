"""Fixtures for the tests of the sender: a publisher that the test acts as, and a clock."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from readers.link import sender as sender_module
from readers.link.sender import Sender
from readers.outbox.outbox import Outbox
from tests.readers.link.acting_publisher import FakeClock, Publisher, running
from tests.readers.link.encrypted_publisher import EncryptedPublisher


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    """Return a publisher that has not sent anything yet."""
    with closing(Publisher()) as publisher:
        yield publisher


@pytest.fixture
def encrypted(tmp_path: Path) -> Iterator[EncryptedPublisher]:
    """Return a publisher that requires keys."""
    with closing(EncryptedPublisher(tmp_path)) as publisher:
        yield publisher


@pytest.fixture(autouse=True)
def short_ticks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the sender read acknowledgements soon. The clocks of the tests stand still meanwhile."""
    monkeypatch.setattr(sender_module, "TICK_S", 0.01)


@pytest.fixture
def no_timer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the sender do at once what it does, or not at all."""
    monkeypatch.setattr(sender_module, "TICK_S", 1000.0)


@pytest.fixture
def clock() -> FakeClock:
    """Return the sender's clock."""
    return FakeClock()


@pytest.fixture
async def sender(publisher: Publisher, outbox: Outbox, clock: FakeClock) -> AsyncIterator[Sender]:
    """Return a running sender, subscribed to the publisher."""
    async with running(Sender(outbox, [publisher.address], clock), publisher) as sender:
        yield sender
