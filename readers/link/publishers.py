"""The publishers that a reader knows, and which of them it sends to."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import zmq

from common.frames import Acknowledgement, Announcement
from readers.link.failover import Failover
from readers.link.remote_publisher import RemotePublisher

if TYPE_CHECKING:
    from readers.link.publisher_addresses import PublisherAddress

logger = logging.getLogger(__name__)


class Publishers:
    """
    The publishers at *addresses*, in order of preference, and their sockets.

    Times are seconds of a monotonic clock.
    """

    def __init__(self, addresses: Sequence[PublisherAddress], reader: str, now: float) -> None:
        """*reader* is the name that acknowledgements are published under."""
        self._context = zmq.Context()
        self.all = [RemotePublisher(self._context, address, reader) for address in addresses]
        self._failover = Failover(len(addresses), now)
        #: The one that batches are sent to.
        self.current = self.all[0]
        #: Index of the one that was preferred when it was looked for last.
        self._preferred = 0
        #: Whether another one is preferred. Then nothing more is sent to the current one.
        self.is_leaving = False
        #: Whether there are several. One that is silent may come back at any time.
        self.has_choice = len(addresses) > 1
        self.current.start_using()

    def receive(self, now: float) -> Iterator[tuple[Announcement | Acknowledgement, bool]]:
        """
        Yield what the current one has sent, and whether it answers a subscription.

        What all have announced is noted in them. Exhaust it.
        """
        for index, publisher in enumerate(self.all):
            for message, is_personal in publisher.receive():
                self._failover.on_received(index, now)
                if isinstance(message, Announcement):
                    publisher.session = message.session
                    publisher.deduplicates = message.deduplicates
                    publisher.takes_events = message.takes_events
                if publisher is self.current:
                    yield message, is_personal

    def look_for_preferred(self, now: float) -> None:
        """Set `is_leaving`."""
        self._preferred = self._failover.preferred(now)
        self.is_leaving = self._preferred != self._failover.current

    def switch(self) -> None:
        """Send to the preferred one from now on. What the current one was not sent is dropped."""
        former = self.current
        former.stop_using()
        self._failover.current, self.current = self._preferred, self.all[self._preferred]
        logger.warning(
            "switching from the publisher at %s to the one at %s",
            former.endpoint,
            self.current.endpoint,
        )
        self.current.start_using()
        self.is_leaving = False

    def rename(self, reader: str) -> None:
        """Receive what is published for the name *reader* from now on, and no more for the last."""
        for publisher in self.all:
            publisher.rename(reader)

    def reconnect_if_due(self, now: float) -> None:
        """Reconnect where a publisher has refused this reader."""
        for publisher in self.all:
            publisher.reconnect_if_due(now)

    def listen(self, to_announcements: bool) -> None:
        """Subscribe to the announcements of all, or unsubscribe."""
        for publisher in self.all:
            publisher.listen(to_announcements)

    def close(self) -> None:
        """Close the sockets."""
        self._context.destroy()
