"""Where the server listens: its socket, and the file that tells `top` its address."""

from __future__ import annotations

import logging
import os
import socket
from pathlib import Path

from common.files import replace_file
from common.setting_values import is_loopback_host
from common.settings import Settings, SettingsError
from common.web_address import WebAddress

logger = logging.getLogger(__name__)

#: Connections that wait to be accepted.
_BACKLOG = 64


class BindError(Exception):
    """Raised when the address cannot be listened on, with a text for the log."""


def check_token(settings: Settings) -> None:
    """Raise SettingsError if other hosts could look without a token."""
    if not settings.monitor_token and not is_loopback_host(settings.monitor_bind.host):
        raise SettingsError(
            f"MONITOR_BIND holds '{settings.monitor_bind}', which other hosts can reach: set"
            " MONITOR_TOKEN, a password of at least 16 characters, or listen on 127.0.0.1"
        )


def listen(address: WebAddress) -> socket.socket:
    """Return a socket that listens on *address*. Raises BindError."""
    try:
        family, _, _, _, where = socket.getaddrinfo(
            address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except socket.gaierror as error:
        raise _bind_error(address, error.strerror or str(error)) from None
    except UnicodeError:
        raise _bind_error(address, "it is too long for a host name") from None
    try:
        return socket.create_server(
            where[:2],
            family=family,
            backlog=_BACKLOG,
            dualstack_ipv6=address.host == "::",
        )
    except OSError as error:
        # Its own text has the address a second time.
        raise _bind_error(address, os.strerror(error.errno or 0)) from None


def _bind_error(address: WebAddress, reason: str) -> BindError:
    return BindError(
        f"cannot listen on {address} ({reason}): set MONITOR_BIND to an address of this host and a"
        " port that is free, and that this user may use"
    )


def address_of(listener: socket.socket) -> WebAddress:
    """Return where *listener* listens."""
    host, port = listener.getsockname()[:2]
    return WebAddress(host, port)


def tell_address(path: Path, address: WebAddress) -> None:
    """Write *address* to the file at *path*; if that fails, a warning says why."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        replace_file(path, f"{address}\n".encode(), sync=False)
    except OSError as error:
        logger.warning(
            "cannot write %s (%s): commands that look for this monitor do not find its port",
            path,
            error.strerror,
        )
