"""Finds free loopback ports for servers that cannot be asked to choose one themselves."""

from __future__ import annotations

import random
import socket

# Below Linux's range for outgoing connections (32768 and up). A port from that range may be taken
# by any client while its server is down, and a client that keeps trying to connect to it can even
# connect to itself.
_LOWEST, _HIGHEST = 20_000, 32_767

_handed_out: set[int] = set()


def free_port() -> int:
    """Return a loopback TCP port that nothing listens on and that was not handed out before.

    Raises RuntimeError when a thousand tries found none.
    """
    for _ in range(1000):
        port = random.randint(_LOWEST, _HIGHEST)
        if port not in _handed_out and _can_bind(port):
            _handed_out.add(port)
            return port
    raise RuntimeError(f"no free TCP port on 127.0.0.1 between {_LOWEST} and {_HIGHEST}")


def _can_bind(port: int) -> bool:
    with socket.socket() as probe:
        # Servers set this too: connections that linger in TIME_WAIT do not make a port taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
