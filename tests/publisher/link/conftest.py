"""The sockets of a publisher, and a context for its peers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import zmq

from publisher.link.sockets import LinkSockets


@pytest.fixture
def sockets() -> Iterator[LinkSockets]:
    """Both sockets of a publisher, on ports that the system chooses."""
    with LinkSockets("tcp://127.0.0.1:0", "tcp://127.0.0.1:0", None) as sockets:
        yield sockets


@pytest.fixture
def context() -> Iterator[zmq.Context[zmq.Socket[bytes]]]:
    """Return a context for peers; its sockets are closed after the test."""
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    yield context
    context.destroy(linger=0)
