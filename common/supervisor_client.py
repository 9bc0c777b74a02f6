"""
Ask a running supervisord over its Unix socket. API: https://supervisord.org/api.html

A call raises OSError or http.client.HTTPException when supervisord cannot be reached, and
xmlrpc.client.Error when it refuses, for example because it is shutting down.
"""

from __future__ import annotations

import socket
from http.client import HTTPConnection
from pathlib import Path
from xmlrpc.client import ServerProxy, Transport

#: supervisord's socket, in the folder of supervisord.conf.
SOCKET = Path("var/supervisor.sock")


def connect(server_url: str, *, within_s: float) -> ServerProxy:
    """
    Return a proxy for supervisord's API at *server_url*: `unix://` and its socket's path.

    A call raises TimeoutError if supervisord is silent for *within_s* seconds.
    """
    path = server_url.removeprefix("unix://")
    # Only the transport's address is used, but ServerProxy requires an HTTP address.
    return ServerProxy("http://127.0.0.1", _UnixTransport(path, within_s))


class _UnixTransport(Transport):
    """That of supervisor.xmlrpc has no time-out, and importing it takes 4 MiB."""

    def __init__(self, path: str, within_s: float) -> None:
        super().__init__()
        self._kept = _UnixConnection(path, within_s)

    def make_connection(self, host: object) -> HTTPConnection:  # noqa: ARG002
        return self._kept

    def close(self) -> None:
        self._kept.close()


class _UnixConnection(HTTPConnection):
    def __init__(self, path: str, within_s: float) -> None:
        super().__init__("127.0.0.1", timeout=within_s)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)
