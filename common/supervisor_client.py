"""
Ask a running supervisord over its Unix socket. API: https://supervisord.org/api.html

A call raises OSError or http.client.HTTPException when supervisord cannot be reached, and
xmlrpc.client.Error when it refuses, for example because it is shutting down.
"""

from __future__ import annotations

from pathlib import Path
from xmlrpc.client import ServerProxy

from supervisor.xmlrpc import SupervisorTransport

#: supervisord's socket, in the folder of supervisord.conf.
SOCKET = Path("var/supervisor.sock")


def connect(server_url: str) -> ServerProxy:
    """Return a proxy for supervisord's API at *server_url*: `unix://` and its socket's path."""
    # Only the transport's address is used, but ServerProxy requires an HTTP address.
    return ServerProxy("http://127.0.0.1", SupervisorTransport(None, None, server_url))
