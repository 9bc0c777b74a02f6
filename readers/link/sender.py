"""
Sends the batches of the outbox to a publisher over ZeroMQ, and handles its acknowledgements.

Drives Window and Publishers: owns the timers.

To handle each acknowledgement when it arrives would take as much processor time as to send the
batch. So what has come is read once a second, by the tick, for all that is in flight. It is read at
once only where something waits for it: a session, room in the window, who waits until the outbox is
empty. Before anything is sent again or evicted, what has come is read.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from common.frames import Acknowledgement, Announcement
from common.logs import counts
from readers.link.arrivals import Arrivals
from readers.link.go_back_n import SendingLink
from readers.link.presence_reports import PresenceReports
from readers.link.publishers import Publishers
from readers.link.silent_publisher import log_silence
from readers.link.window import Window

if TYPE_CHECKING:
    from readers.link.publisher_addresses import PublisherAddress
    from readers.outbox.database import StoredBatch
    from readers.outbox.outbox import Outbox

#: Seconds between ticks while there is something to wait for.
TICK_S = 1.0

logger = logging.getLogger(__name__)


class Sender:
    """Sends the batches of *outbox*, inside an asyncio loop."""

    def __init__(
        self,
        outbox: Outbox,
        publishers: Sequence[PublisherAddress],
        clock: Callable[[], float] = time.monotonic,
        after_tick: Callable[[], object] = lambda: None,
    ) -> None:
        """*publishers* are in order of preference. *after_tick* is called after each tick."""
        self._outbox = outbox
        self._clock = clock
        self._after_tick = after_tick
        self._link = SendingLink(clock())
        self._window = Window(outbox, self._link, clock)
        self._presence_reports = PresenceReports(outbox)
        self._publishers = Publishers(publishers, outbox.reader, clock())
        self._away = False
        self._all_acknowledged = asyncio.Event()
        #: How many wait for that.
        self._waiters = 0
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._failure: asyncio.Future[None] = self._loop.create_future()
        self._arrivals = Arrivals(
            self._loop, self._publishers.all, lambda: self._guarded(self._on_arrival)
        )
        outbox.before_eviction = self._receive

    @property
    def session(self) -> int | None:
        """The session of the publisher that batches are sent to, None while it is not known."""
        return self._link.session

    @property
    def endpoint(self) -> str:
        """Where that publisher receives batches."""
        return self._publishers.current.endpoint

    @property
    def takes_events(self) -> bool:
        """Whether that publisher takes events, as far as is known."""
        return self._publishers.current.takes_events

    @property
    def is_ticking(self) -> bool:
        """Whether *after_tick* is called within a second."""
        return self._timer is not None

    @property
    def given_up(self) -> int:
        """How many events were not sent, because the publisher takes none."""
        return self._window.given_up

    async def run(self) -> None:
        """
        Send, and receive acknowledgements, until cancelled; then close the sockets.

        Raises OutboxError when the outbox turns out to be damaged.
        """
        try:
            self._guarded(self._on_tick)
            await self._failure
        finally:
            self._stop()
            self._publishers.close()

    def _guarded(self, work: Callable[[], None]) -> None:
        """Do *work*, and have `run` raise what it raises: the loop would only log it."""
        try:
            work()
        except Exception as error:  # noqa: BLE001 - `run` raises it
            if not self._failure.done():
                self._failure.set_exception(error)

    def _stop(self) -> None:
        self._arrivals.watch(wanted=False)
        self._outbox.before_eviction = lambda: None
        if self._timer:
            self._timer.cancel()

    def send(self, appended: StoredBatch | None = None) -> None:
        """
        Send as many batches of the outbox as the link accepts now.

        *appended* is the batch that was just put in, if it can be sent; otherwise it is read back
        from the outbox when its turn comes.
        """
        if self._link.has_much_in_flight:
            self._receive()
        if self._timer is None and self._window.has_unsent:
            self._call_later()
        publishers, is_awaited = self._publishers, self._waiters > 0
        is_all_sent = not publishers.is_leaving and self._window.fill(
            publishers.current, appended, is_awaited=is_awaited
        )
        # What comes is handled at once if something waits for it, else by the next tick.
        self._arrivals.watch(
            wanted=not is_all_sent
            or self._timer is None
            or is_awaited
            or self._away
            or self._link.session is None
        )

    def report_presence(self, channel_id: str, since_ms: int, until_ms: int) -> bool:
        """
        Report that this reader was in the channel from *since_ms* to *until_ms* (Unix).

        Only the part of that time is reported whose messages are in Kafka. Returns whether the
        publisher compares readers of a channel; if it does not, nothing is sent.
        """
        if not self._publishers.current.deduplicates:
            return False
        self._presence_reports.report(self._publishers.current, channel_id, since_ms, until_ms)
        return True

    async def wait_until_empty(self, timeout_s: float) -> bool:
        """Return whether everything in the outbox was acknowledged within *timeout_s* seconds."""
        self._waiters += 1
        self.send()
        try:
            if not self._outbox.is_empty:
                self._all_acknowledged.clear()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(timeout_s):
                        await self._all_acknowledged.wait()
        finally:
            self._waiters -= 1
        return self._outbox.is_empty

    def _on_arrival(self) -> None:
        self._receive()
        self._switch_if_preferred(self._clock())
        self.send()

    def _receive(self) -> None:
        """Handle what has come, and delete what was acknowledged from the file."""
        self._take_arrivals()
        # Once for everything that has come: each time is a transaction on disk.
        self._outbox.trim()

    def _take_arrivals(self) -> None:
        """Handle what has come from the publishers."""
        now = self._clock()
        for message, is_personal in self._publishers.receive(now):
            if isinstance(message, Announcement):
                self._on_announcement(message.session, now, is_personal=is_personal)
            else:
                self._on_acknowledgement(message, now)
        if self._outbox.is_empty:
            self._all_acknowledged.set()

    def _on_announcement(self, session: int, now: float, *, is_personal: bool) -> None:
        # A personal announcement answers our subscription, which ZeroMQ repeats when it reconnects.
        if self._link.on_announcement(session, now, reconnected=is_personal):
            self._away = False
            self._log_publisher_found(session)
        else:
            self._on_heard()

    def _on_acknowledgement(self, acknowledgement: Acknowledgement, now: float) -> None:
        seq = acknowledgement.seq
        if not self._outbox.numbering.may_have_given(seq, acknowledgement.incarnation):
            self._take_new_name(now)
        elif self._link.on_acknowledgement(acknowledgement.session, seq, now):
            self._outbox.acknowledge(seq, acknowledgement.confirmed)
            # Once it acknowledges again, its announcements are not subscribed to.
            self._on_heard()

    def _on_heard(self) -> None:
        """Note that the publisher is not away."""
        if self._away:
            self._away = False
            self._log_waiting("publisher is back")

    def _take_new_name(self, now: float) -> None:
        """Send everything in the outbox under a new name, which no other copy of it uses."""
        outbox, former = self._outbox, self._outbox.reader
        outbox.rename_numbering()
        self._publishers.rename(outbox.reader)
        # The publisher announces its session once it knows the new subscriptions. What it
        # acknowledged before that would not arrive.
        self._link.on_switched(None, now)
        self._call_later()
        logger.warning(
            "the publisher has other messages under the numbers of %s: its outbox is a copy, or was"
            " copied. Sending the %d messages in it as %s; some may be published twice",
            former,
            outbox.waiting,
            outbox.reader,
        )

    def _log_publisher_found(self, session: int) -> None:
        self._log_waiting(f"found the publisher, session {session:016x}")

    def _log_waiting(self, event: str) -> None:
        waiting = self._outbox.waiting
        logger.info(
            "%s; %d messages wait in the outbox", event, waiting, extra=counts(waiting=waiting)
        )

    def _switch_if_preferred(self, now: float) -> None:
        """Switch to the preferred publisher once the current one has acknowledged everything."""
        publishers, link = self._publishers, self._link
        publishers.look_for_preferred(now)
        if not publishers.is_leaving or (link.has_in_flight and not link.is_away(now)):
            return
        publishers.switch()
        self._away = False
        session = publishers.current.session
        link.on_switched(session, now)
        if session is not None:
            self._log_publisher_found(session)

    def _on_tick(self) -> None:
        """Do what is due. The timer only runs while there is something to wait for."""
        now = self._clock()
        if self._timer:
            self._timer.cancel()
        self._timer = None
        self._publishers.reconnect_if_due(now)
        # Also because a call that connects a socket reads the signal of its descriptor.
        self._take_arrivals()
        self._switch_if_preferred(now)
        if self._link.on_time(now):
            logger.warning(
                "the publisher at %s is alive but acknowledges nothing: sending the unacknowledged"
                " batches again",
                self._publishers.current.endpoint,
            )
        is_behind = self._outbox.tidy()
        is_waiting = self._is_waiting()
        self._publishers.listen(is_waiting and self._needs_announcements(now))
        if self._link.is_away(now) and is_waiting and not self._away:
            self._away = True
            log_silence(self._publishers.current.endpoints)
        if is_waiting or is_behind:
            self._call_later()
        self.send()
        self._after_tick()

    def _needs_announcements(self, now: float) -> bool:
        """
        Return whether announcements tell something, if we wait for a publisher.

        In a busy channel something is always in flight. To subscribe for that at one tick, and
        unsubscribe at the next, would cost both ends more than it tells.
        """
        has_choice = self._publishers.has_choice
        return has_choice or not self._link.has_in_flight or self._link.is_late(now)

    def _is_waiting(self) -> bool:
        """Return whether a publisher has something to send to us."""
        has_choice = self._publishers.has_choice
        return has_choice or self._link.session is None or not self._outbox.is_empty

    def _call_later(self) -> None:
        if self._timer:
            self._timer.cancel()
        self._timer = self._loop.call_later(TICK_S, self._guarded, self._on_tick)
