"""Receives the publisher's acknowledgements: how many messages Kafka has confirmed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import zmq

from common.frames import Acknowledgement, acknowledgement_topic, decode_acknowledgement

#: The prefix of all readers' acknowledgement topics.
_ANY_READER = acknowledgement_topic("").rstrip(b"\0")


class Acknowledgements:
    """Receives the acknowledgements to all readers."""

    def __init__(self, socket: zmq.Socket[bytes]) -> None:
        self._socket = socket
        #: How many messages Kafka has confirmed, by channel.
        self.last: dict[str, int] = {}

    def receive(self, within_s: float) -> list[tuple[str, int]]:
        """
        Return the received acknowledgements: channel, and how many of its messages are confirmed.

        Waits at most *within_s* seconds for the first one.
        """
        received = []
        wait_ms = int(within_s * 1000)
        while self._socket.poll(wait_ms):
            wait_ms = 0
            topic, body = self._socket.recv_multipart()
            channel = topic.removeprefix(_ANY_READER).decode().partition("/")[0]
            confirmed = messages_up_to(decode_acknowledgement(body).seq)
            self.last[channel] = confirmed
            received.append((channel, confirmed))
        return received


def confirmed_at(acknowledgement: Acknowledgement) -> float:
    """
    Return when Kafka confirmed the last record that *acknowledgement* covers, as time.perf_counter.

    The publisher may have held it back. If it repeats one, it does not say when that was: now.
    """
    now = time.perf_counter()
    if not acknowledgement.confirmed:
        return now
    return now - (time.time() - acknowledgement.confirmed[-1][1] / 1e6)


def messages_up_to(seq: int) -> int:
    """Return how many messages a reader has numbered up to *seq*, if nothing but chat happens."""
    # Twitch tells the settings of a chat to who joins it. They are an event, the first record.
    return seq - 1


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
