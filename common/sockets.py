"""Options of every ZeroMQ socket of the link."""

from __future__ import annotations

from typing import Any

import zmq

#: Seconds after which an unreachable host is disconnected. ZeroMQ then reconnects.
DEAD_PEER_S = 15


def keep_alive(socket: zmq.Socket[Any]) -> None:
    """
    Let the kernel detect that a peer's host is unreachable.

    Without it, a socket that only receives would wait for that host indefinitely. The kernel's
    probes do not wake idle readers, of which a host may have a thousand; ZeroMQ's heartbeats would.
    """
    socket.setsockopt(zmq.TCP_KEEPALIVE, 1)
    socket.setsockopt(zmq.TCP_KEEPALIVE_IDLE, DEAD_PEER_S // 3)
    socket.setsockopt(zmq.TCP_KEEPALIVE_INTVL, DEAD_PEER_S // 3)
    socket.setsockopt(zmq.TCP_KEEPALIVE_CNT, 2)
    socket.setsockopt(zmq.TCP_MAXRT, DEAD_PEER_S * 1000)
