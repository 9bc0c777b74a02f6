"""Fixtures: a chat server and clients, which are closed after the test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from simulator.chat_server import ChatServer
from tests.simulator.raw_client import RawClient

Connect = Callable[[], Awaitable[RawClient]]


@pytest.fixture
async def server() -> AsyncIterator[ChatServer]:
    """Return a server that accepts every login."""
    async with ChatServer() as running:
        yield running


@pytest.fixture
async def connect(server: ChatServer) -> AsyncIterator[Connect]:
    """Return a function that connects one more client to *server*."""
    clients: list[RawClient] = []

    async def connect_one() -> RawClient:
        clients.append(await RawClient.connect(server.port))
        return clients[-1]

    yield connect_one
    for client in clients:
        await client.close()
