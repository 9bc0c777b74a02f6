"""ZeroMQ's endpoints as addresses of this host or of another one."""

from __future__ import annotations

import errno
import socket
from contextlib import suppress
from typing import NamedTuple

_TCP = "tcp://"


class Address(NamedTuple):
    """A TCP address."""

    host: str
    port: int


def tcp_address(endpoint: str) -> Address | None:
    """Return the address in *endpoint*, None if it is an `ipc://` one."""
    if not endpoint.startswith(_TCP):
        return None
    host, _, port = endpoint.removeprefix(_TCP).rpartition(":")
    return Address(host.strip("[]"), int(port))


def is_on_this_host(endpoint: str) -> bool:
    """Return whether *endpoint* is an address of this host, as far as names can be resolved."""
    address = tcp_address(endpoint)
    if address is None:
        return True
    with suppress(OSError):
        for family, kind, _, _, where in socket.getaddrinfo(
            address.host, 0, type=socket.SOCK_STREAM
        ):
            with socket.socket(family, kind) as probe:
                probe.bind(where)
            return True
    return False


def reason_not_to_bind(address: Address) -> OSError | None:
    """
    Return why nothing can listen at *address* now, None if something can.

    Nobody can connect meanwhile. ZeroMQ's `*` and names of interfaces stand for all addresses.
    """
    every = address.host == "*" or address.host in {name for _, name in socket.if_nameindex()}
    # An empty name would be IPv4 only; ZeroMQ listens to both.
    host = "::" if every and socket.has_dualstack_ipv6() else "" if every else address.host
    try:
        family, kind, _, _, where = socket.getaddrinfo(
            host or None, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind) as probe:
            # As ZeroMQ: connections that linger do not make a port taken.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if host == "::":
                probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            probe.bind(where)
    except OSError as error:
        return error
    return None


def is_taken(error: OSError) -> bool:
    """Return whether *error*, of a bind, means that another program listens there."""
    return error.errno == errno.EADDRINUSE
