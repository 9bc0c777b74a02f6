"""A publisher as a reader has it before itself: two connections, and the session it has told."""

from __future__ import annotations

from collections.abc import Iterator

import zmq

from common.frames import ANNOUNCEMENT_TOPIC, acknowledgement_topic, announcement_topic
from readers.link.go_back_n import WINDOW_BATCHES
from readers.link.link_connection import LinkConnection
from readers.link.publisher_addresses import PublisherAddress


class RemotePublisher:
    """The publisher at *address*. It is listened to from the start, and sent to on request."""

    def __init__(
        self, context: zmq.Context[zmq.Socket[bytes]], address: PublisherAddress, reader: str
    ) -> None:
        """*reader* is the name that acknowledgements come under."""
        self.endpoint = address.batches
        #: What it has told; None as long as it has told nothing.
        self.session: int | None = None
        #: Whether it compares what several readers of a channel send.
        self.deduplicates = False
        self._batches = LinkConnection(context, zmq.PUSH, address.batches, address.keys)
        self._batches.socket.setsockopt(zmq.SNDHWM, WINDOW_BATCHES)
        self._acknowledgements = LinkConnection(
            context, zmq.SUB, address.acknowledgements, address.keys
        )
        self._is_listening = False
        self._acknowledgements.socket.subscribe(acknowledgement_topic(reader))
        self._acknowledgements.socket.subscribe(announcement_topic(reader))
        self._acknowledgements.connect()

    def fileno(self) -> int:
        """Return the descriptor that becomes readable when there may be something to receive."""
        return int(self._acknowledgements.socket.getsockopt(zmq.FD))

    def receive(self) -> Iterator[list[bytes]]:
        """Yield what has come. Take it to the end: the descriptor tells only of changes."""
        while int(self._acknowledgements.socket.getsockopt(zmq.EVENTS)) & zmq.POLLIN:
            yield self._acknowledgements.socket.recv_multipart()

    def listen(self, to_announcements: bool) -> None:
        """
        Hear what it announces every second, or do so no longer.

        A reader that waits for nothing need not wake up for that. The session that it has to know
        is told to it alone, whenever it connects.
        """
        if to_announcements and not self._is_listening:
            self._acknowledgements.socket.subscribe(ANNOUNCEMENT_TOPIC)
        elif self._is_listening and not to_announcements:
            self._acknowledgements.socket.unsubscribe(ANNOUNCEMENT_TOPIC)
        self._is_listening = to_announcements

    def start_using(self) -> None:
        """Begin to connect, to send."""
        self._batches.connect()

    def stop_using(self) -> None:
        """Send no more; what has not left yet is forgotten."""
        self._batches.disconnect()

    def send(self, frames: list[bytes]) -> bool:
        """Send *frames*; return False where ZeroMQ's queue is full."""
        try:
            self._batches.socket.send_multipart(frames, zmq.NOBLOCK)
        except zmq.Again:
            return False
        return True

    def reconnect_if_due(self, now: float) -> None:
        """Connect anew where the publisher has refused us. *now* is a monotonic clock's."""
        self._batches.reconnect_if_due(now)
        self._acknowledgements.reconnect_if_due(now)
