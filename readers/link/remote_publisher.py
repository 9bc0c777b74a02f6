"""A publisher as the reader sees it: its two connections, and the session it has announced."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import zmq

from common.frames import (
    ANNOUNCEMENT_TOPIC,
    Acknowledgement,
    Announcement,
    FrameError,
    acknowledgement_topic,
    announcement_topic,
    decode_acknowledgement,
    decode_announcement,
)
from common.logs import BoundedLog
from readers.link.go_back_n import WINDOW_BATCHES
from readers.link.link_connection import LinkConnection
from readers.link.publisher_addresses import PublisherAddress

_NOW = int(zmq.NOBLOCK)
_MORE = int(zmq.NOBLOCK | zmq.SNDMORE)

logger = logging.getLogger(__name__)


class RemotePublisher:
    """The publisher at *address*. Acknowledgements are received at once; sending is optional."""

    def __init__(
        self, context: zmq.Context[zmq.Socket[bytes]], address: PublisherAddress, reader: str
    ) -> None:
        """*reader* is the name that its acknowledgements are published under."""
        self.endpoint = address.batches
        self.endpoints = (address.batches, address.acknowledgements)
        #: The session that it announced last, None before the first announcement.
        self.session: int | None = None
        #: Whether it compares the messages of several readers of a channel.
        self.deduplicates = False
        #: Whether it takes events. Before the first announcement they are kept for it.
        self.takes_events = True
        self._batches = LinkConnection(context, zmq.PUSH, address.batches, address.keys)
        self._batches.socket.setsockopt(zmq.SNDHWM, WINDOW_BATCHES)
        self._acknowledgements = LinkConnection(
            context, zmq.SUB, address.acknowledgements, address.keys
        )
        self._is_listening = False
        self._bad_frame = BoundedLog(logger.warning)
        self._subscribe(reader)
        self._acknowledgements.connect()

    def fileno(self) -> int:
        """Return the descriptor that becomes readable when there may be something to receive."""
        return int(self._acknowledgements.socket.getsockopt(zmq.FD))

    def receive(self) -> Iterator[tuple[Announcement | Acknowledgement, bool]]:
        """
        Yield what has come, and whether it answers a subscription. Drops malformed frames.

        Exhaust it: the descriptor only signals changes.
        """
        while int(self._acknowledgements.socket.getsockopt(zmq.EVENTS)) & zmq.POLLIN:
            frames = self._acknowledgements.socket.recv_multipart()
            try:
                message = self._decoded(frames)
            except FrameError as error:
                self._bad_frame("dropped a malformed frame from the publisher: %s", error)
            else:
                if message is not None:
                    yield message, frames[0] == self._topics[1]

    def listen(self, to_announcements: bool) -> None:
        """
        Subscribe to its announcements, one a second, or unsubscribe.

        They would wake up a reader that waits for nothing. It still learns the session: each reader
        gets a personal announcement whenever it connects.
        """
        if to_announcements and not self._is_listening:
            self._acknowledgements.socket.subscribe(ANNOUNCEMENT_TOPIC)
        elif self._is_listening and not to_announcements:
            self._acknowledgements.socket.unsubscribe(ANNOUNCEMENT_TOPIC)
        self._is_listening = to_announcements

    def rename(self, reader: str) -> None:
        """Receive what is published for the name *reader* from now on, and no more for the last."""
        for topic in self._topics:
            self._acknowledgements.socket.unsubscribe(topic)
        self._subscribe(reader)

    def start_using(self) -> None:
        """Connect, to send batches."""
        self._batches.connect()

    def stop_using(self) -> None:
        """Disconnect. What has not been sent yet is dropped."""
        self._batches.disconnect()

    def send(self, frame: bytes, body: bytes | None = None) -> bool:
        """Send *frame*, and *body* with it if there is one; return False if the queue is full."""
        # pyzmq's `send_multipart` takes three times as long, and so would flags that are enums.
        send = self._batches.socket.send
        try:
            if body is None:
                send(frame, _NOW)
            else:
                send(frame, _MORE)
                send(body, _NOW)
        except zmq.Again:
            return False
        return True

    def reconnect_if_due(self, now: float) -> None:
        """Reconnect where the publisher has refused this reader. *now* is monotonic, in seconds."""
        self._batches.reconnect_if_due(now)
        self._acknowledgements.reconnect_if_due(now)

    def _subscribe(self, reader: str) -> None:
        self._topics = acknowledgement_topic(reader), announcement_topic(reader)
        for topic in self._topics:
            self._acknowledgements.socket.subscribe(topic)

    def _decoded(self, frames: list[bytes]) -> Announcement | Acknowledgement | None:
        """Return what *frames* hold; None if that is for a former name. Raises FrameError."""
        if len(frames) != 2:
            raise FrameError(f"{len(frames)} frames where there should be 2")
        topic, body = frames
        to_reader, personal = self._topics
        if topic == to_reader:
            return decode_acknowledgement(body)
        if topic in {ANNOUNCEMENT_TOPIC, personal}:
            return decode_announcement(body)
        return None
