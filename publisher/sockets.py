"""
The publisher's ends of the link: a PULL socket for batches, a PUB socket for what it answers.

ZeroMQ frames, fans out and takes back whoever reconnects. A frame of more than MAX_FRAME_BYTES
makes it close the peer's connection as soon as it has read the length. Its monitor tells that a
connection has ended, but not why: that looks like a reader that has stopped, and like somebody who
does not speak ZeroMQ. `connections_ended` counts them all.
"""

from __future__ import annotations

import logging
import re
from types import TracebackType

import zmq

from common.frames import (
    ANNOUNCEMENT_TOPIC,
    MAX_FRAME_BYTES,
    Acknowledgement,
    Announcement,
    acknowledgement_topic,
    encode_frame,
)
from common.logs import BoundedLog
from common.sockets import keep_alive

logger = logging.getLogger(__name__)

#: Messages of one reader that wait here. Small batches need that many to keep us busy (4 halve the
#: speed, 64 add a third); but what is taken off the network before Kafka can take it lies in memory
#: and not in an outbox, and a thousand readers may do so.
_HIGH_WATER_MARK = 16

#: Milliseconds in which the last acknowledgements may leave.
_LINGER_MS = 1000

_IPV4 = re.compile(r"tcp://[\d.]+:")


class BindError(Exception):
    """Raised when an address cannot be listened on; the text names the setting."""


class LinkSockets:
    """Both sockets, bound. Closed on leaving the context, after what was told has left."""

    def __init__(self, batches_endpoint: str, answers_endpoint: str) -> None:
        """Raises BindError."""
        self._context = zmq.Context()
        self.batches = self._context.socket(zmq.PULL)
        self.batches.setsockopt(zmq.RCVHWM, _HIGH_WATER_MARK)
        self.batches.setsockopt(zmq.MAXMSGSIZE, MAX_FRAME_BYTES)
        self._answers = self._context.socket(zmq.PUB)
        # Nobody sends us anything here but subscriptions.
        self._answers.setsockopt(zmq.MAXMSGSIZE, 1024)
        self._monitor = self.batches.get_monitor_socket(zmq.Event.DISCONNECTED)
        self._log = BoundedLog(logger.info)
        try:
            #: Where they really listen: a port of 0 lets the system choose.
            self.batches_endpoint = _bind(self.batches, batches_endpoint, "PUBLISHER_BIND")
            self.answers_endpoint = _bind(self._answers, answers_endpoint, "PUBLISHER_ACK_BIND")
        except BindError:
            self.close()
            raise

    def __enter__(self) -> LinkSockets:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def receive(self) -> list[bytes] | None:
        """Return the next message's frames, None when there is none."""
        try:
            return self.batches.recv_multipart(zmq.NOBLOCK)
        except zmq.Again:
            return None

    def announce(self, session: int) -> None:
        """Tell all readers that batches of *session* are taken."""
        self._answers.send_multipart([ANNOUNCEMENT_TOPIC, encode_frame(Announcement(session))])

    def acknowledge(self, session: int, acknowledgements: dict[str, int]) -> None:
        """Tell each reader up to which seq Kafka has everything."""
        for reader, seq in acknowledgements.items():
            frame = encode_frame(Acknowledgement(session, seq))
            self._answers.send_multipart([acknowledgement_topic(reader), frame])

    def connections_ended(self) -> int:
        """Return how many connections have ended since the last call, which is logged too."""
        ended = 0
        while self._monitor.poll(0):
            self._monitor.recv_multipart()
            ended += 1
            self._log(
                "a connection has ended: its reader stopped, or sent a frame of more than %d MiB, "
                "or it was no reader's",
                MAX_FRAME_BYTES >> 20,
            )
        return ended

    def close(self) -> None:
        """Close the sockets; what was told has 1 s to leave."""
        self.batches.disable_monitor()
        self._monitor.close(linger=0)
        self.batches.close(linger=0)
        self._answers.close(linger=_LINGER_MS)
        self._context.term()


def _bind(socket: zmq.Socket[bytes], endpoint: str, setting: str) -> str:
    """Bind *socket*, and return where it listens."""
    # ZeroMQ takes IPv4 only, unless told; and then shows an IPv4 address as one of IPv6.
    socket.setsockopt(zmq.IPV6, not _IPV4.match(endpoint))
    keep_alive(socket)
    try:
        socket.bind(endpoint)
    except zmq.ZMQError as error:
        if error.errno == zmq.EADDRINUSE:
            reason = "that address is in use; does another publisher run?"
        else:
            reason = f"that cannot be listened on: {zmq.strerror(error.errno or 0)}"
        raise BindError(f"{setting} holds {endpoint}, but {reason}") from None
    return socket.getsockopt_string(zmq.LAST_ENDPOINT)
