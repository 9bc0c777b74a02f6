"""
Decides which keys may connect to the publisher, where the link is encrypted.

ZeroMQ requests a decision for each connection (ZAP, https://rfc.zeromq.org/spec/27/).
"""

from __future__ import annotations

import zmq

from common.command_line import command
from publisher.link.connection_counts import UNKNOWN_KEY, ConnectionCounts

_ENDPOINT = "inproc://zeromq.zap.01"


class ZapAuthenticator:
    """Admits the hosts in `authorized`, and counts the refused connections in *counts*."""

    def __init__(self, context: zmq.Context[zmq.Socket[bytes]], counts: ConnectionCounts) -> None:
        #: Names of the admitted hosts, by public key. Replace the dict, do not change it.
        self.authorized: dict[str, str] = {}
        self._counts = counts
        self._authorize = command("keys", "authorize")
        #: Where ZeroMQ's requests arrive.
        self.socket: zmq.Socket[bytes] = context.socket(zmq.REP)
        self.socket.bind(_ENDPOINT)

    def respond(self) -> None:
        """Receive a request, and respond to it."""
        version, request_id, _, address, _, mechanism, *credentials = self.socket.recv_multipart()
        key = credentials[0].hex() if mechanism == b"CURVE" and credentials else ""
        if key in self.authorized:
            decision = [b"200", b"", key.encode(), b""]
        else:
            self._counts.on_refused(UNKNOWN_KEY, address, f"{self._authorize} {key}")
            decision = [b"400", b"", b"", b""]
        self.socket.send_multipart([version, request_id, *decision])
