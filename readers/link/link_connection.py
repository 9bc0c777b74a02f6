"""
One of a reader's two connections to a publisher.

ZeroMQ reconnects when a connection is lost, but not after the publisher has refused it. A refusal
can be temporary: the publisher may not know the reader's key yet, or have no keys itself. So this
class tries again.
"""

from __future__ import annotations

import logging

import zmq

from common.curve import ReaderKeys, secure_client
from common.logs import BoundedLog
from common.sockets import keep_alive

#: Seconds between attempts after a refusal.
TRY_AGAIN_AFTER_S = 10.0

_REFUSED = (
    zmq.Event.HANDSHAKE_FAILED_AUTH
    | zmq.Event.HANDSHAKE_FAILED_PROTOCOL
    | zmq.Event.HANDSHAKE_FAILED_NO_DETAIL
)

logger = logging.getLogger(__name__)


class LinkConnection:
    """A socket of *kind* for *endpoint*. It is connected by `connect`."""

    def __init__(
        self,
        context: zmq.Context[zmq.Socket[bytes]],
        kind: int,
        endpoint: str,
        keys: ReaderKeys | None,
    ) -> None:
        self.socket = context.socket(kind)
        self.socket.setsockopt(zmq.IPV6, 1)
        # What was not sent when the connection is closed is still in the outbox.
        self.socket.setsockopt(zmq.LINGER, 0)
        keep_alive(self.socket)
        if keys is not None:
            secure_client(self.socket, keys)
        self._monitor: zmq.Socket[bytes] = self.socket.get_monitor_socket(_REFUSED)
        self._endpoint = endpoint
        self._is_wanted = False
        self._is_connected = False
        self._try_again_at = float("-inf")
        self._log = BoundedLog(logger.warning, interval_s=60.0)

    def connect(self) -> None:
        """Start to connect, in the background."""
        self._is_wanted = self._is_connected = True
        self.socket.connect(self._endpoint)

    def disconnect(self) -> None:
        """Close the connection. What was not sent yet is dropped."""
        self._is_wanted = False
        if self._is_connected:
            self._is_connected = False
            self.socket.disconnect(self._endpoint)

    def reconnect_if_due(self, now: float) -> None:
        """
        Reconnect if the publisher has refused the connection. *now* is monotonic, in seconds.

        The first attempt is immediate, because the publisher may just have been killed. Others
        follow every TRY_AGAIN_AFTER_S: a thousand readers with a wrong key would keep a publisher
        busy.
        """
        if self._was_refused() and self._is_connected:
            self._log(
                "the publisher at %s refuses this reader: check that PUBLISHER_PUBLIC_KEY is its"
                " key, and that this host's key is authorized there. Retrying every %d s",
                self._endpoint,
                TRY_AGAIN_AFTER_S,
            )
            self.socket.disconnect(self._endpoint)
            self._is_connected = False
        if self._is_wanted and not self._is_connected and now >= self._try_again_at:
            self._try_again_at = now + TRY_AGAIN_AFTER_S
            self.connect()

    def _was_refused(self) -> bool:
        refused = False
        while self._monitor.poll(0):
            self._monitor.recv_multipart()
            refused = True
        return refused
