"""An ear on what the publisher tells its readers: how far Kafka has confirmed each channel."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import zmq

from common.frames import acknowledgement_topic, decode_acknowledgement

#: What the topics of all readers begin with.
_ANY_READER = acknowledgement_topic("").rstrip(b"\0")


class Acknowledgements:
    """Hears the acknowledgements of every reader."""

    def __init__(self, socket: zmq.Socket[bytes]) -> None:
        self._socket = socket
        #: Number of the last record that Kafka has, by channel.
        self.last: dict[str, int] = {}

    def hear(self, within_s: float) -> list[tuple[str, int]]:
        """Return what has come, channel and number of the last record; wait for the first."""
        heard = []
        wait_ms = int(within_s * 1000)
        while self._socket.poll(wait_ms):
            wait_ms = 0
            topic, body = self._socket.recv_multipart()
            channel = topic.removeprefix(_ANY_READER).decode().partition("/")[0]
            seq = decode_acknowledgement(body).seq
            self.last[channel] = seq
            heard.append((channel, seq))
        return heard


@contextmanager
def acknowledgements(endpoint: str) -> Iterator[Acknowledgements]:
    """Give an ear on the publisher that answers, or will, at *endpoint*."""
    with zmq.Context() as context, context.socket(zmq.SUB) as socket:
        # None may be missed, however many readers there are.
        socket.setsockopt(zmq.RCVHWM, 0)
        socket.setsockopt(zmq.LINGER, 0)
        socket.subscribe(_ANY_READER)
        socket.connect(endpoint)
        yield Acknowledgements(socket)
