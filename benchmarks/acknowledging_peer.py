"""A minimal publisher for the benchmark of a reader: it acknowledges each batch at once."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import zmq

from benchmarks.acknowledgements import messages_up_to
from common.frames import (
    ANNOUNCEMENT_TOPIC,
    Acknowledgement,
    Announcement,
    acknowledgement_topic,
    decode_batch,
    decode_envelope,
    encode_frame,
)

_SESSION = 1
_ANNOUNCE_EVERY_S = 1.0


class AcknowledgingPeer:
    """Receives batches on loopback and acknowledges them, without Kafka."""

    def __init__(self, context: zmq.Context[zmq.Socket[bytes]]) -> None:
        self._batches = context.socket(zmq.PULL)
        self._acknowledgements = context.socket(zmq.PUB)
        #: The addresses of its two sockets.
        self.batches, self.acknowledgements = (
            _bind(socket) for socket in (self._batches, self._acknowledgements)
        )
        self._announce_at = 0.0

    def serve(self, messages: int, within_s: float) -> None:
        """
        Acknowledge batches until the only reader has sent its first *messages*.

        Raises TimeoutError after *within_s* seconds.
        """
        deadline = time.monotonic() + within_s
        sent = 0
        while sent < messages:
            now = time.monotonic()
            if now > deadline:
                raise TimeoutError(
                    f"message {messages} was not received within {within_s} s, only up to {sent}"
                )
            if now >= self._announce_at:
                self._announce_at = now + _ANNOUNCE_EVERY_S
                self._acknowledgements.send_multipart(
                    [ANNOUNCEMENT_TOPIC, encode_frame(Announcement(_SESSION, takes_events=True))]
                )
            if self._batches.poll(100):
                sent = messages_up_to(self._acknowledge_batch())

    def _acknowledge_batch(self) -> int:
        """Receive a batch, acknowledge it, and return the seq of its last record."""
        head, body = self._batches.recv_multipart()
        envelope = decode_envelope(head)
        seq = envelope.first_seq + len(decode_batch(body).records) - 1
        frame = encode_frame(Acknowledgement(_SESSION, seq))
        self._acknowledgements.send_multipart([acknowledgement_topic(envelope.reader), frame])
        return seq


@contextmanager
def acknowledging_peer() -> Iterator[AcknowledgingPeer]:
    """Run a peer during a `with` block."""
    context = zmq.Context()
    try:
        yield AcknowledgingPeer(context)
    finally:
        context.destroy(linger=0)


def _bind(socket: zmq.Socket[bytes]) -> str:
    socket.bind("tcp://127.0.0.1:0")
    return socket.getsockopt_string(zmq.LAST_ENDPOINT)
