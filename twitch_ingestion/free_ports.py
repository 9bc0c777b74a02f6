"""Ports that nothing listens on, for what a trial starts."""

from __future__ import annotations

import errno
import socket
from dataclasses import replace

from common.web_address import WebAddress


def available(address: WebAddress) -> WebAddress:
    """Return *address*; with a free port if its own is taken, or is 0."""
    try:
        with _listener(address.host, address.port) as listener:
            return replace(address, port=_port(listener))
    except OSError as error:
        # Whatever else is wrong with the address, whoever listens on it says so.
        is_taken = error.errno == errno.EADDRINUSE
        return replace(address, port=free_port(address.host)) if is_taken else address


def free_port(host: str) -> int:
    """Return a TCP port on *host*, an address of this machine, that nothing listens on now."""
    with _listener(host, 0) as listener:
        return _port(listener)


def _listener(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family)


def _port(listener: socket.socket) -> int:
    port: int = listener.getsockname()[1]
    return port
