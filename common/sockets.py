"""Options that every ZeroMQ socket of the link has."""

from __future__ import annotations

from typing import Any

import zmq

#: Seconds after which a peer whose host has gone is given up; it is then connected anew.
DEAD_PEER_S = 15


def keep_alive(socket: zmq.Socket[Any]) -> None:
    """
    Let the kernel find out when the host of a peer is gone.

    A socket that only listens would wait for a vanished host for ever. The kernel's probes cost a
    thousand idle readers nothing; ZeroMQ's own heartbeats would wake each of them.
    """
    socket.setsockopt(zmq.TCP_KEEPALIVE, 1)
    socket.setsockopt(zmq.TCP_KEEPALIVE_IDLE, DEAD_PEER_S // 3)
    socket.setsockopt(zmq.TCP_KEEPALIVE_INTVL, DEAD_PEER_S // 3)
    socket.setsockopt(zmq.TCP_KEEPALIVE_CNT, 2)
    socket.setsockopt(zmq.TCP_MAXRT, DEAD_PEER_S * 1000)
