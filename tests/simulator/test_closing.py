"""The chat server is closed while clients connect."""

from __future__ import annotations

import asyncio
import gc
import socket
from contextlib import suppress

import pytest

from simulator.chat_server import ChatServer


@pytest.mark.parametrize("steps", range(8))
async def test_a_connection_that_was_just_accepted_is_closed_with_the_server(steps: int) -> None:
    """After any number of *steps* of the event loop. Python warns of a socket that stays open."""
    server = ChatServer()
    await server.start()
    # Does not yield to the event loop: the connection waits in the backlog.
    with socket.create_connection((server.host, server.port), 10) as client:
        for _ in range(steps):
            await asyncio.sleep(0)
        await server.close()
        gc.collect()
        client.settimeout(10)
        with suppress(ConnectionResetError):
            assert client.recv(1) == b""
