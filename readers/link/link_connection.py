"""
One of a reader's two connections to the publisher.

ZeroMQ connects it again whenever it is lost, but gives up for good when it is refused: a publisher
that does not know our key yet, or speaks in the clear while we do not, may change its mind.
"""

from __future__ import annotations

import logging

import zmq

from common.curve import ReaderKeys, secure_client
from common.logs import BoundedLog
from common.sockets import keep_alive

#: Seconds after which a connection that was refused is tried again.
TRY_AGAIN_AFTER_S = 10.0

_REFUSED = (
    zmq.Event.HANDSHAKE_FAILED_AUTH
    | zmq.Event.HANDSHAKE_FAILED_PROTOCOL
    | zmq.Event.HANDSHAKE_FAILED_NO_DETAIL
)

logger = logging.getLogger(__name__)


class LinkConnection:
    """A socket of *kind* that is connected to *endpoint*, once `connect` was called."""

    def __init__(
        self,
        context: zmq.Context[zmq.Socket[bytes]],
        kind: int,
        endpoint: str,
        keys: ReaderKeys | None,
    ) -> None:
        self.socket = context.socket(kind)
        self.socket.setsockopt(zmq.IPV6, 1)
        # What was not sent over a connection that is given up is still in the outbox.
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
        """Begin to connect."""
        self._is_wanted = self._is_connected = True
        self.socket.connect(self._endpoint)

    def disconnect(self) -> None:
        """End the connection; what was not sent yet will not be."""
        self._is_wanted = False
        if self._is_connected:
            self._is_connected = False
            self.socket.disconnect(self._endpoint)

    def reconnect_if_due(self, now: float) -> None:
        """
        Connect anew if the publisher has refused us. *now* is a monotonic clock's, in seconds.

        At once at first: it may have been killed just then. After that every TRY_AGAIN_AFTER_S, as
        a thousand readers with a wrong key would keep a publisher busy.
        """
        if self._was_refused() and self._is_connected:
            self._log(
                "the publisher at %s refuses us: is PUBLISHER_PUBLIC_KEY its key, and is ours"
                " authorised there? Trying again every %d s",
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
