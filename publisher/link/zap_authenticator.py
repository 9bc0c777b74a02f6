"""
Decides which keys may connect to the publisher, where the link is encrypted, counts refused and
ended connections, and has those ended that send a message without end.

ZeroMQ requests a decision for each connection (ZAP, https://rfc.zeromq.org/spec/27/). Its monitors
report accepted, failed and ended connections. A thread of its own handles both, because the
publisher's main thread may be waiting for Kafka. The thread ends with the sockets' context.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from typing import Any

import zmq
from zmq.utils.monitor import parse_monitor_message

from common.frames import MAX_FRAME_BYTES
from common.logs import BoundedLog
from publisher.link.memory_growth import MemoryGrowth
from publisher.link.unfinished import UnfinishedMessages

logger = logging.getLogger(__name__)

_ZAP_ENDPOINT = "inproc://zeromq.zap.01"

#: Milliseconds between checks for unfinished messages. A local peer sends some 100 MiB meanwhile.
_CHECK_MS = 250

#: Only if the process has grown by so much, each connection is checked: with a thousand idle
#: readers, that would cost 3 % of a core.
_GROWN_BYTES = 8 * 1024 * 1024

_ACCEPTED = zmq.Event.ACCEPTED
_ENDED = zmq.Event.DISCONNECTED
_FAILED = zmq.Event.HANDSHAKE_FAILED_PROTOCOL | zmq.Event.HANDSHAKE_FAILED_NO_DETAIL

#: Reasons for refusing a connection, as counted, and their explanations in the log.
_UNKNOWN_KEY = "unknown key"
_NOT_ENCRYPTED = "one side encrypts, the other not"
_WRONG_KEY = "wrong publisher key"
_NO_READER = "no reader"
_EXPLANATIONS = {
    _UNKNOWN_KEY: "its key is not authorised; if it is one of your hosts, run"
    " `python -m common.keys authorize %s`",
    _NOT_ENCRYPTED: "a reader needs PUBLISHER_PUBLIC_KEY if its publisher has keys, and must not"
    " have it otherwise",
    _WRONG_KEY: "its PUBLISHER_PUBLIC_KEY is not the key of this publisher",
    _NO_READER: "it does not speak the readers' protocol, or it disconnected during the handshake,"
    " as a reader without keys may do",
}
_REASONS = {
    zmq.PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH: _NOT_ENCRYPTED,
    zmq.PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC: _WRONG_KEY,
}


class ZapAuthenticator:
    """Admits and counts connections, from `start` until the context is terminated."""

    def __init__(self, context: zmq.Context[zmq.Socket[bytes]]) -> None:
        #: Names of the admitted hosts, by public key. Replace the dict, do not change it.
        self.authorized: dict[str, str] = {}
        #: Connections that have ended, including refused ones.
        self.ended = 0
        #: Refused connections, by reason. It has all reasons from the beginning, so that another
        #: thread can iterate over it at any time.
        self.refused: Counter[str] = Counter(dict.fromkeys(_EXPLANATIONS, 0))
        self._log_ended = BoundedLog(logger.info)
        # One log per reason, so that a frequent reason does not suppress the others. A port probe
        # is no reason for a warning.
        self._log_refused = {
            reason: BoundedLog(logger.info if reason == _NO_READER else logger.warning)
            for reason in _EXPLANATIONS
        }
        #: The descriptors of connections whose messages the main thread has taken since the last
        #: check.
        self.taken: set[int] = set()
        self._next_check = 0.0
        self._unfinished = UnfinishedMessages()
        self._memory = MemoryGrowth(_GROWN_BYTES)
        self._context = context
        self._zap: zmq.Socket[bytes] = context.socket(zmq.REP)
        self._zap.bind(_ZAP_ENDPOINT)
        #: Each monitor, and whether the connections that it reports as ended are counted.
        self._monitors: dict[zmq.Socket[bytes], bool] = {}
        self._thread = threading.Thread(target=self._run, name="zap-authenticator", daemon=True)

    def watch(self, socket: zmq.Socket[bytes], *, count_ends: bool = False) -> None:
        """Monitor *socket*, before it is bound; with *count_ends*, count ended connections."""
        monitor = socket.get_monitor_socket(_ACCEPTED | _FAILED | _ENDED)
        self._monitors[monitor] = count_ends

    def start(self) -> None:
        """Start the thread. From now on other threads may use only `authorized` and `taken`."""
        self._thread.start()

    def join(self) -> None:
        """Wait for the thread to end, which it does when the context is terminated."""
        self._thread.join()

    def _run(self) -> None:
        poller = zmq.Poller()
        sockets = [self._zap, *self._monitors]
        for socket in sockets:
            poller.register(socket, zmq.POLLIN)
        try:
            while True:
                for socket, _ in poller.poll(_CHECK_MS if self._unfinished else None):
                    frames = socket.recv_multipart()
                    if socket is self._zap:
                        socket.send_multipart(self._zap_response(frames))
                    else:
                        self._on_event(frames, count_ends=self._monitors[socket])
                self._check_unfinished()
        except zmq.ContextTerminated:
            for socket in sockets:
                socket.close(linger=0)
        finally:
            self._unfinished.forget_all()

    def _zap_response(self, request: list[bytes]) -> list[bytes]:
        version, request_id, _, address, _, mechanism, *credentials = request
        key = credentials[0].hex() if mechanism == b"CURVE" and credentials else ""
        if key in self.authorized:
            return [version, request_id, b"200", b"", key.encode(), b""]
        self._refuse(_UNKNOWN_KEY, address, key)
        return [version, request_id, b"400", b"", b"", b""]

    def _check_unfinished(self) -> None:
        now = time.monotonic()
        if now >= self._next_check:
            self._next_check = now + _CHECK_MS / 1000
            if self._memory.has_grown():
                taken, self.taken = self.taken, set()
                self._unfinished.check(taken)

    def _on_event(self, frames: list[bytes], *, count_ends: bool) -> None:
        event: Any = parse_monitor_message(frames)
        if event["event"] == _ACCEPTED:
            self._unfinished.on_accepted(event["value"])
        elif event["event"] == _ENDED:
            self._unfinished.on_ended(event["value"])
            if count_ends:
                self._note_ended()
        else:
            self._refuse(_REASONS.get(event["value"], _NO_READER), event["endpoint"])

    def _note_ended(self) -> None:
        self.ended += 1
        self._log_ended(
            "a connection has ended: its reader stopped, or sent a frame of more than %d MiB, "
            "or the peer was not a reader",
            MAX_FRAME_BYTES >> 20,
        )

    def _refuse(self, reason: str, where: bytes, *details: str) -> None:
        self.refused[reason] += 1
        self._log_refused[reason](
            f"refused a connection, {reason} (%s): {_EXPLANATIONS[reason]}",
            where.decode("ascii", "replace"),
            *details,
        )
