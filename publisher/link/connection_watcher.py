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
from publisher.link.unpaired_ends import UnpairedEnds
from publisher.link.zap_authenticator import ZapAuthenticator

#: Milliseconds between checks for unfinished messages. A local peer sends some 100 MiB meanwhile.
_CHECK_MS = 250

#: Only if the process has grown by so much, each connection is checked: with a thousand idle
#: readers, that would cost 3 % of a core.
_GROWN_BYTES = 8 * 1024 * 1024

_ACCEPTED = zmq.Event.ACCEPTED
_ENDED = zmq.Event.DISCONNECTED
_FAILED = zmq.Event.HANDSHAKE_FAILED_PROTOCOL | zmq.Event.HANDSHAKE_FAILED_NO_DETAIL
#: The authenticator has refused the key, and counted that.
_NOT_ADMITTED = zmq.Event.HANDSHAKE_FAILED_AUTH


class WatcherEndedError(Exception):
    """Raised when connections are not watched any more: new readers may not be admitted."""


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
        self._ends = UnpairedEnds()
        #: Connections that were refused and have not ended yet: for batches (True), and others.
        self._refused = {True: 0, False: 0}
        #: Each monitor, and whether it is that of the socket for batches.
        self._monitors: dict[zmq.Socket[bytes], bool] = {}
        self._thread = threading.Thread(target=self._run, name="connection-watcher", daemon=True)

    def watch(self, socket: zmq.Socket[bytes], *, for_batches: bool = False) -> None:
        """Monitor *socket*, before it is bound. Ends of connections *for_batches* are counted."""
        monitor = socket.get_monitor_socket(_ACCEPTED | _FAILED | _NOT_ADMITTED | _ENDED)
        self._monitors[monitor] = for_batches

    def start(self) -> None:
        """
        Start the thread.

        From now on other threads may only read the counts, replace `authenticator.authorized` and
        add to `taken`.
        """
        self._thread.start()

    def check(self) -> None:
        """Raise WatcherEndedError if the thread has failed. Its traceback is on stderr."""
        if not self._thread.is_alive():
            raise WatcherEndedError(
                "the thread that watches the readers' connections has failed, see the traceback"
                " above: stopping, because new readers cannot connect any more"
            )

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
                is_waiting = self._unfinished or self._ends
                for socket, _ in poller.poll(_CHECK_MS if is_waiting else None):
                    if socket is requests:
                        self.authenticator.respond()
                    else:
                        event = parse_monitor_message(socket.recv_multipart())
                        self._on_event(event, for_batches=self._monitors[socket])
                self._check_unfinished()
                for _ in range(self._ends.take(time.monotonic())):
                    self.counts.on_ended_alone()
        except zmq.ContextTerminated:
            pass
        finally:
            # Whatever has ended this: an open socket would let the context's end wait for ever.
            for socket in sockets:
                socket.close(linger=0)
            self._unfinished.forget_all()
            self._memory.close()

    def _check_unfinished(self) -> None:
        now = time.monotonic()
        if now >= self._next_check:
            self._next_check = now + _CHECK_MS / 1000
            if self._memory.has_grown():
                taken, self.taken = self.taken, set()
                self._unfinished.check(taken)

    def _on_event(self, event: Any, *, for_batches: bool) -> None:
        if event["event"] == _ACCEPTED:
            self._unfinished.on_accepted(event["value"])
        elif event["event"] == _ENDED:
            self._unfinished.on_ended(event["value"])
            self._on_ended(for_batches=for_batches)
        else:
            self._refused[for_batches] += 1
            if event["event"] != _NOT_ADMITTED:
                self.counts.on_failed(event["value"], event["endpoint"])

    def _on_ended(self, *, for_batches: bool) -> None:
        self.counts.ended += for_batches
        if self._refused[for_batches]:  # which was logged
            self._refused[for_batches] -= 1
        elif for_batches:
            self._ends.on_batches_ended(time.monotonic())
        else:
            self._ends.on_acknowledgements_ended(time.monotonic())
