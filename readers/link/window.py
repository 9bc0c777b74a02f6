"""Sends what the window has room for, batch by batch, to one publisher."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from common.frames import Envelope, encode_frame
from readers.link.go_back_n import SendingLink
from readers.link.unwanted_events import UnwantedEvents, is_of_events

if TYPE_CHECKING:
    from readers.link.remote_publisher import RemotePublisher
    from readers.outbox.database import StoredBatch
    from readers.outbox.outbox import Outbox


class Window:
    """The batches of *outbox* that are in flight, as *link* knows them."""

    def __init__(
        self, outbox: Outbox, link: SendingLink, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._outbox = outbox
        self._link = link
        self._clock = clock
        self._unwanted_events = UnwantedEvents(outbox)

    @property
    def given_up(self) -> int:
        """How many events were not sent, because the publisher takes none."""
        return self._unwanted_events.given_up

    @property
    def last_sent(self) -> int:
        """The last record that was sent or acknowledged."""
        return self._link.last_sent(self._outbox.acknowledged)

    @property
    def has_unsent(self) -> bool:
        """Whether the outbox holds something that is still to be sent."""
        return self.last_sent < self._outbox.last_seq

    def fill(
        self,
        publisher: RemotePublisher,
        appended: StoredBatch | None = None,
        *,
        is_awaited: bool = False,
    ) -> bool:
        """
        Send to *publisher* as many batches as the link accepts now.

        *appended* is the batch that was just put in, if it can be sent; otherwise it is read back
        from the outbox when its turn comes. If *is_awaited*, the acknowledgement of the last batch
        is waited for. Returns whether everything is sent.
        """
        link, outbox, numbering = self._link, self._outbox, self._outbox.numbering
        sent = link.last_sent(numbering.acknowledged)
        while sent < numbering.last_seq:
            if not link.may_send():
                return False
            is_next = appended is not None and appended.first_seq == sent + 1
            batch = appended if is_next else outbox.batch_after(sent)
            if batch is None:
                return False
            if not publisher.takes_events and is_of_events(batch):
                # An acknowledgement of what was sent before would else come too late to count.
                if link.has_in_flight:
                    return False
                self._unwanted_events.give_up(batch)
                sent = batch.last_seq
                continue
            envelope = Envelope(
                numbering.reader,
                link.session or 0,
                batch.first_seq,
                outbox.oldest_seq,
                numbering.incarnation_of(batch.first_seq),
                sent,
                numbering.incarnation_of(sent),
                is_awaited and batch.last_seq == numbering.last_seq,
            )
            if not publisher.send(encode_frame(envelope), batch.body):
                # ZeroMQ's queue is full of what was sent before going back. The next tick retries.
                return False
            sent = batch.last_seq
            link.on_sent(sent, len(batch.body), self._clock())
        return True
