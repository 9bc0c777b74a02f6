"""
Watches the connections of the publisher's sockets, in a thread of its own: the main thread may be
waiting for Kafka.

ZeroMQ's monitors report accepted, failed and ended connections. The thread also decides who may
connect (zap_authenticator.py), and ends connections that send a message without end
(unfinished.py). It ends with the sockets' context.
"""

from __future__ import annotations

import threading
import time
from typing import Any

import zmq
from zmq.utils.monitor import parse_monitor_message

from publisher.link.connection_counts import ConnectionCounts
from publisher.link.memory_growth import MemoryGrowth
from publisher.link.unfinished import UnfinishedMessages
from publisher.link.zap_authenticator import ZapAuthenticator

#: Milliseconds between checks for unfinished messages. A local peer sends some 100 MiB meanwhile.
_CHECK_MS = 250

#: Only if the process has grown by so much, each connection is checked: with a thousand idle
#: readers, that would cost 3 % of a core.
_GROWN_BYTES = 8 * 1024 * 1024

_ACCEPTED = zmq.Event.ACCEPTED
_ENDED = zmq.Event.DISCONNECTED
_FAILED = zmq.Event.HANDSHAKE_FAILED_PROTOCOL | zmq.Event.HANDSHAKE_FAILED_NO_DETAIL


class ConnectionWatcher:
    """Admits, counts and ends connections, from `start` until the context is terminated."""

    def __init__(self, context: zmq.Context[zmq.Socket[bytes]]) -> None:
        self.counts = ConnectionCounts()
        self.authenticator = ZapAuthenticator(context, self.counts)
        #: The descriptors of connections whose messages the main thread has taken since the last
        #: check.
        self.taken: set[int] = set()
        self._next_check = 0.0
        self._unfinished = UnfinishedMessages()
        self._memory = MemoryGrowth(_GROWN_BYTES)
        #: Each monitor, and whether the connections that it reports as ended are counted.
        self._monitors: dict[zmq.Socket[bytes], bool] = {}
        self._thread = threading.Thread(target=self._run, name="connection-watcher", daemon=True)

    def watch(self, socket: zmq.Socket[bytes], *, count_ends: bool = False) -> None:
        """Monitor *socket*, before it is bound; with *count_ends*, count ended connections."""
        monitor = socket.get_monitor_socket(_ACCEPTED | _FAILED | _ENDED)
        self._monitors[monitor] = count_ends

    def start(self) -> None:
        """
        Start the thread.

        From now on other threads may only read the counts, replace `authenticator.authorized` and
        add to `taken`.
        """
        self._thread.start()

    def join(self) -> None:
        """Wait for the thread to end, which it does when the context is terminated."""
        self._thread.join()

    def _run(self) -> None:
        poller = zmq.Poller()
        requests = self.authenticator.socket
        sockets = [requests, *self._monitors]
        for socket in sockets:
            poller.register(socket, zmq.POLLIN)
        try:
            while True:
                for socket, _ in poller.poll(_CHECK_MS if self._unfinished else None):
                    if socket is requests:
                        self.authenticator.respond()
                    else:
                        event = parse_monitor_message(socket.recv_multipart())
                        self._on_event(event, count_ends=self._monitors[socket])
                self._check_unfinished()
        except zmq.ContextTerminated:
            for socket in sockets:
                socket.close(linger=0)
        finally:
            self._unfinished.forget_all()

    def _check_unfinished(self) -> None:
        now = time.monotonic()
        if now >= self._next_check:
            self._next_check = now + _CHECK_MS / 1000
            if self._memory.has_grown():
                taken, self.taken = self.taken, set()
                self._unfinished.check(taken)

    def _on_event(self, event: Any, *, count_ends: bool) -> None:
        if event["event"] == _ACCEPTED:
            self._unfinished.on_accepted(event["value"])
        elif event["event"] == _ENDED:
            self._unfinished.on_ended(event["value"])
            if count_ends:
                self.counts.on_ended()
        else:
            self.counts.on_failed(event["value"], event["endpoint"])
