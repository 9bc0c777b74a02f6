"""ZeroMQ's endpoints as addresses of this host or of another one."""

from __future__ import annotations

import errno
import fcntl
import socket
import struct
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from twitch_ingestion.check.findings import Finding, wrong

_TCP = "tcp://"
#: ZeroMQ's name for all addresses of a host.
_EVERY = "*"
#: Linux's request for the address of an interface: netdevice(7).
_SIOCGIFADDR = 0x8915
_IPV6_ADDRESSES = Path("/proc/net/if_inet6")


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
    try:
        found = socket.getaddrinfo(address.host, 0, type=socket.SOCK_STREAM)
    except OSError:
        return False
    return any(_can_bind(family, where) for family, _, _, _, where in found)


def _can_bind(family: socket.AddressFamily, where: tuple[Any, ...]) -> bool:
    """Return whether *where* is an address of this host, which may lack IPv6."""
    try:
        with socket.socket(family) as probe:
            probe.bind(where)
    except OSError:
        return False
    return True


def reason_not_to_bind(address: Address) -> OSError | None:
    """
    Return why nothing can listen at *address* now, None if something can.

    Nobody can connect meanwhile. For an interface, no address of this host must be taken.
    """
    every = address.host == _EVERY or _is_interface(address.host)
    host = "::" if every and socket.has_dualstack_ipv6() else None if every else address.host
    try:
        family, kind, _, _, where = socket.getaddrinfo(
            host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind) as probe:
            # As ZeroMQ: connections that linger do not make a port taken.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if every and host:
                probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            probe.bind(where)
    except OSError as error:
        return error
    return None


def own_addresses(address: Address) -> list[Address]:
    """Return where this host may reach what listens at *address*: `*`, an interface, or a host."""
    hosts = [address.host]
    if address.host == _EVERY:
        hosts = ["localhost"]
    elif _is_interface(address.host):
        hosts = [*_ipv6_of(address.host), *_ipv4_of(address.host)]
    return [Address(host, address.port) for host in hosts or [address.host]]


def _is_interface(name: str) -> bool:
    return name in {interface for _, interface in socket.if_nameindex()}


def _ipv4_of(interface: str) -> list[str]:
    request = struct.pack("256s", interface.encode()[:15])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket, suppress(OSError):
        return [socket.inet_ntoa(fcntl.ioctl(any_socket, _SIOCGIFADDR, request)[20:24])]
    return []


def _ipv6_of(interface: str) -> list[str]:
    with suppress(OSError):
        lines = [line.split() for line in _IPV6_ADDRESSES.read_text().splitlines()]
        found = [bytes.fromhex(fields[0]) for fields in lines if fields[-1] == interface]
        return [socket.inet_ntop(socket.AF_INET6, address) for address in found]
    return []


def cannot_listen(program: str, setting: str, value: object, error: OSError) -> Finding:
    """Return what is wrong if *program* cannot bind what *setting* holds, but nobody else does."""
    return wrong(
        f"{setting} {value}: the {program} cannot listen there ({error.strerror}): set {setting} to"
        " an address of this host, and a port from 1024"
    )


def is_taken(error: OSError) -> bool:
    """Return whether *error*, of a bind, means that another program listens there."""
    return error.errno == errno.EADDRINUSE
