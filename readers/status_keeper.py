"""
Keeps a reader's status page: the only owner of its figures, and the only one who writes the page.

It is written at each tick of the sender, which ticks within a second after a batch was put into the
outbox and then as long as something waits; when something else was received from Twitch, but not
more than once a second; and when the state changes. None of that wakes up the reader. An idle one
writes it when Twitch answers its PING.
"""

from __future__ import annotations

import os

import msgspec

from common.settings import Settings
from common.status.histogram import DELIVERY_S, new_histogram
from common.status.page import StatusPage
from common.status.reader_status import ReaderState, ReaderStatus, clipped, reader_page
from common.unix_time import unix_ms
from readers.link.sender import Sender
from readers.outbox.outbox import Outbox

#: Milliseconds between two writes because something was received.
_WRITE_EVERY_MS = 1000

# msgspec keeps what it finds out about a type. Here, that happens once in supervisord, before it
# forks. When each reader decodes the page of the last one, it takes 250 KiB of each.
msgspec.msgpack.Decoder(ReaderStatus)


class StatusKeeper:
    """The figures of the reader of one channel."""

    def __init__(self, channel: str, settings: Settings) -> None:
        """Continue the figures that the last reader of *channel* has left."""
        self._page = StatusPage(reader_page(settings.state_dir, channel), ReaderStatus)
        self._outbox: Outbox | None = None
        self._sender: Sender | None = None
        self.status = status = self._page.previous or ReaderStatus()
        status.channel = channel
        status.pid = os.getpid()
        status.state_since_ms = unix_ms()
        status.state, status.problem = ReaderState.STARTING, ""
        status.session, status.publisher = 0, ""
        status.outbox_limit_bytes = settings.outbox_max_bytes
        if len(status.delay.counts) != len(DELIVERY_S) + 1:
            # Another version had other bounds.
            status.delay = new_histogram(DELIVERY_S)
        # Opening the outbox may take long. Until then the page would show the last reader's state.
        self.write()

    def observe(self, outbox: Outbox, sender: Sender) -> None:
        """Take figures from *outbox*, which was opened with this status, and *sender*."""
        self._outbox, self._sender = outbox, sender
        self.write()

    def on_state(self, state: ReaderState, problem: str | None = None) -> None:
        """Note that *state* begins; with a *problem*, that it is why the reader is not inside."""
        status = self.status
        if problem is not None:
            status.problem = clipped(problem)
        if state != status.state:
            status.state, status.state_since_ms = state, unix_ms()
        self.write()

    def on_connected(self) -> None:
        """Note that a connection to chat was made."""
        self.status.connects += 1

    def on_entered(self) -> None:
        """Note that the reader is in the channel."""
        self.on_state(ReaderState.IN_CHANNEL, "")

    def on_received(self, received_ms: int) -> None:
        """Note that something was received from Twitch at *received_ms*, Unix milliseconds."""
        if self._sender is not None and self._sender.is_ticking:
            return
        if abs(received_ms - self.status.written_ms) >= _WRITE_EVERY_MS:
            self.write()

    def on_malformed(self) -> None:
        """Note that a line was received that is not IRC."""
        self.status.malformed_lines += 1

    def on_opted_out(self) -> None:
        """Note that a message or an event was left out because of somebody who has opted out."""
        self.status.opted_out += 1

    def leave_outbox(self) -> None:
        """Take the last figures from the outbox, which is about to be closed."""
        self.write()
        self._outbox = self._sender = None

    def on_stopped(self, problem: str = "") -> None:
        """Note that the reader stops, because of *problem* unless it should. Closes the page."""
        self.on_state(ReaderState.STOPPED, problem)
        self._page.close()

    def write(self) -> None:
        """Write the page."""
        status = self.status
        if self._outbox is not None and self._sender is not None:
            self._outbox.take_stock()
            status.session = self._sender.session or 0
            status.publisher = clipped(self._sender.endpoint)
        status.written_ms = unix_ms()
        self._page.write(status)
