"""Receives the publisher's acknowledgements: how far Kafka has confirmed each channel."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import zmq

from common.frames import acknowledgement_topic, decode_acknowledgement

#: The prefix of all readers' acknowledgement topics.
_ANY_READER = acknowledgement_topic("").rstrip(b"\0")


class Acknowledgements:
    """Receives the acknowledgements to all readers."""

    def __init__(self, socket: zmq.Socket[bytes]) -> None:
        self._socket = socket
        #: The seq of the last record that Kafka has confirmed, by channel.
        self.last: dict[str, int] = {}

    def receive(self, within_s: float) -> list[tuple[str, int]]:
        """
        Return the received acknowledgements: channel, and seq of its last confirmed record.

        Waits at most *within_s* seconds for the first one.
        """
        received = []
        wait_ms = int(within_s * 1000)
        while self._socket.poll(wait_ms):
            wait_ms = 0
            topic, body = self._socket.recv_multipart()
            channel = topic.removeprefix(_ANY_READER).decode().partition("/")[0]
            seq = decode_acknowledgement(body).seq
            self.last[channel] = seq
            received.append((channel, seq))
        return received


@contextmanager
def acknowledgements(endpoint: str) -> Iterator[Acknowledgements]:
    """Receive acknowledgements from *endpoint*. The publisher may start later."""
    with zmq.Context() as context, context.socket(zmq.SUB) as socket:
        # No limit: with many readers, ZeroMQ would drop acknowledgements.
        socket.setsockopt(zmq.RCVHWM, 0)
        socket.setsockopt(zmq.LINGER, 0)
        socket.subscribe(_ANY_READER)
        socket.connect(endpoint)
        yield Acknowledgements(socket)
