"""Fixtures for the tests of a reader: an outbox, a simulated Twitch, and a listener."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from readers.outbox.outbox import Outbox
from readers.twitch import chat_host
from simulator.certificates import AUTHORITY_FILE, server_tls
from simulator.chat_server import ChatServer
from tests.readers.memberships import CHANNEL, ROOM_ID, Listener


@pytest.fixture
async def twitch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ChatServer]:
    """Return a simulated Twitch on TLS. This process trusts its certificate authority."""
    monkeypatch.chdir(tmp_path)
    chat_host.tls_context.cache_clear()
    tls = server_tls(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / AUTHORITY_FILE))
    async with ChatServer(tls=tls, room_ids={CHANNEL: ROOM_ID}) as server:
        yield server


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    """Return an empty outbox."""
    outbox = Outbox(tmp_path / "xqc.db", CHANNEL, max_bytes=10**9)
    yield outbox
    outbox.close()


@pytest.fixture
def listener(outbox: Outbox) -> Listener:
    """Return a listener that has received nothing yet."""
    return Listener(outbox)
