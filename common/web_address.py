"""HOST:PORT of a monitor: where it listens, and where others are."""

from __future__ import annotations

import re
from dataclasses import dataclass

#: A host name or IPv4 address, or an IPv6 address in brackets, and a port.
_ADDRESS = re.compile(r"(?P<host>[\w.-]+|\[[0-9A-Fa-f:.]+\]):(?P<port>[0-9]{1,5})", re.ASCII)

#: Bearer tokens are of these: RFC 6750, section 2.1.
_TOKEN = re.compile(r"[\w.~+/-]{16,}=*", re.ASCII)


@dataclass(frozen=True)
class WebAddress:
    """A host, an IPv6 address without brackets, and a port."""

    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


def web_bind(value: str) -> WebAddress:
    """Return *value* as where a monitor listens. Port 0 is any that is free."""
    return _parsed(value, "HOST:PORT to listen on, such as 127.0.0.1:9464 or [::1]:9464", 0)


def web_peers(value: str) -> tuple[WebAddress, ...]:
    """Return *value* as the addresses of other hosts' monitors, possibly none."""
    expected = "HOST:PORT of another monitor, such as 10.0.0.2:9464, or several, comma-separated"
    return tuple(_parsed(peer, expected, 1) for peer in value.replace(",", " ").split())


def web_token(value: str) -> str:
    """Return *value* as a token for monitors, "" for none."""
    if value and not _TOKEN.fullmatch(value):
        raise ValueError("at least 16 letters, digits or any of -._~+/, such as a random password")
    return value


def _parsed(value: str, expected: str, lowest_port: int) -> WebAddress:
    found = _ADDRESS.fullmatch(value)
    if found is None or not lowest_port <= int(found["port"]) <= 65535:
        raise ValueError(expected)
    return WebAddress(found["host"].strip("[]"), int(found["port"]))
