"""Finds free loopback ports for servers that cannot choose one themselves."""

from __future__ import annotations

import random
import socket

# Below Linux's range for outgoing connections (32768 and up). A port from that range may be taken
# by any client while its server is down, and a client that keeps trying to connect to it can even
# connect to itself.
_LOWEST, _HIGHEST = 20_000, 32_767

# Test runs share the machine: a bound UDP port of the same number reserves the TCP port among them.
# The kernel releases it when this process ends.
_reservations: list[socket.socket] = []


def free_port() -> int:
    """Return a loopback TCP port that nothing listens on and that no running test run was given.

    Raises RuntimeError when a thousand tries found none.
    """
    for _ in range(1000):
        port = random.randint(_LOWEST, _HIGHEST)
        reservation = socket.socket(type=socket.SOCK_DGRAM)
        if _can_bind(reservation, port) and _can_listen(port):
            _reservations.append(reservation)
            return port
        reservation.close()
    raise RuntimeError(f"no free TCP port on 127.0.0.1 between {_LOWEST} and {_HIGHEST}")


def _can_listen(port: int) -> bool:
    with socket.socket() as probe:
        # Servers set this too: connections that linger in TIME_WAIT do not make a port taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        return _can_bind(probe, port)


def _can_bind(probe: socket.socket, port: int) -> bool:
    try:
        probe.bind(("127.0.0.1", port))
    except OSError:
        return False
    return True
