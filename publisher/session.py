"""
The publisher's loop: receives batches, hands them to Kafka, and acknowledges confirmed ones.

One thread does everything. While confirmations are outstanding it waits in the producer's poll,
because delivery reports arrive only there. Otherwise it waits on the sockets.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

import zmq

from common.frames import Announcement, Batch, Kind, Presence
from common.logs import BoundedLog, counts
from publisher.books import Books
from publisher.deduplication.deduplication import Deduplication
from publisher.delivery.sink import Sink
from publisher.kafka.health import KafkaHealth
from publisher.link.acknowledgement_schedule import AcknowledgementSchedule
from publisher.link.frame_validation import MalformedError, read_message
from publisher.link.sequence import Delivery, ReceivingLink, Refusal
from publisher.link.sockets import LinkSockets
from publisher.stall_detector import StallDetector
from publisher.stop_signals import StopSignals

logger = logging.getLogger(__name__)

_TICK_S = 1.0
_SUMMARY_S = 60.0

#: Messages received before the producer is polled again.
_MESSAGES_PER_TURN = 10

#: Seconds of a poll for the producer's reports. A new batch may have to wait as long.
_WAIT_S = 0.001
_WAIT_STALLED_S = 0.05

#: Seconds that Kafka has on shutdown to confirm what it was given. Readers also wait 10 s, and
#: supervisord's stopwaitsecs is longer.
_DRAIN_S = 10.0


class Session:
    """Runs one session: from *link* into *sink*."""

    def __init__(
        self,
        link: ReceivingLink,
        sink: Sink,
        *,
        sockets: LinkSockets,
        stop: StopSignals,
        books: Books,
        health: KafkaHealth,
        deduplication: Deduplication | None,
        takes_events: bool,
        find_stall: Callable[[], str],
    ) -> None:
        """
        Without *deduplication*, every copy of a message is published. If *takes_events* is False,
        readers are told to send none, and those that come nevertheless are left out.

        *find_stall* returns why Kafka confirms nothing, if that is known.
        """
        self._find_stall = find_stall
        self._link = link
        self._sink = sink
        self._sockets = sockets
        self._stop = stop
        self._books = books
        self._health = health
        self._deduplication = deduplication
        self._announcement = Announcement(
            link.session, deduplicates=deduplication is not None, takes_events=takes_events
        )
        self._schedule = AcknowledgementSchedule()
        self._has_left_out_events = False
        self._poller = zmq.Poller()
        self._poller.register(sockets.batches, zmq.POLLIN)
        # New readers receive an announcement, immediately if the loop is idle. ZeroMQ also cleans
        # up lost connections only when the socket is polled.
        self._poller.register(sockets.acknowledgements, zmq.POLLIN)
        self._poller.register(stop.fileno(), zmq.POLLIN)
        self._log_malformed = BoundedLog(logger.warning)
        now = time.monotonic()
        self._next_tick = now
        self._next_summary = now + _SUMMARY_S
        self._last_summary = books.summary()
        self._stall_detector = StallDetector(now, sink.confirmations)

    def run(self) -> None:
        """
        Run until a stop is requested, or the sink has failed.

        Raises BindError and WatcherEndedError when readers cannot connect any more.
        """
        self._sockets.announce_to_all(self._announcement)
        while not self._stop.requested and self._sink.failure is None:
            received = self._receive()
            if received < _MESSAGES_PER_TURN and self._sink.unconfirmed:
                self._sink.poll(_WAIT_STALLED_S if self._stall_detector.stalled else _WAIT_S)
            elif received:
                self._sink.poll(0)
            else:
                wake_at = min(self._next_tick, self._schedule.due_at() or self._next_tick)
                self._poller.poll(max(0, int((wake_at - time.monotonic()) * 1000) + 1))
                self._announce_to_new()
            self._acknowledge()
            if time.monotonic() >= self._next_tick:
                self._tick()
        self._acknowledge(all_at_once=True)

    def drain(self) -> None:
        """Receive no more; wait up to 10 s for Kafka's confirmations, and acknowledge them."""
        deadline = time.monotonic() + _DRAIN_S
        if self._sink.unconfirmed:
            logger.info(
                "waiting for Kafka to confirm %d messages",
                self._sink.unconfirmed,
                extra=counts(unconfirmed=self._sink.unconfirmed),
            )
        while self._sink.unconfirmed and self._sink.failure is None:
            if time.monotonic() > deadline:
                break
            self._sink.proceed()
            self._sink.flush(_WAIT_STALLED_S)
            self._acknowledge(all_at_once=True)
        if self._sink.unconfirmed:
            logger.warning(
                "stopping: Kafka has not confirmed %d messages; their readers keep them, and send "
                "them again",
                self._sink.unconfirmed,
                extra=counts(unconfirmed=self._sink.unconfirmed),
            )
        self._count_connections()
        self._log_summary(self._books.summary())

    def _receive(self) -> int:
        """Handle the messages that have arrived, up to a bound; return how many there were."""
        self._sink.proceed()
        for number in range(_MESSAGES_PER_TURN):
            if self._sink.is_full:
                return number
            frames = self._sockets.receive()
            if frames is None:
                return number
            self._handle(frames)
        return _MESSAGES_PER_TURN

    def _handle(self, frames: list[bytes]) -> None:
        try:
            message = read_message(frames)
        except MalformedError as error:
            self._books.count_malformed(error.reason)
            self._log_malformed("dropped an invalid message: %s", error)
            return
        if isinstance(message, Presence):
            if self._deduplication is not None:
                self._deduplication.note_presence(message)
            return
        envelope, batch = message
        delivery = self._link.accept(envelope, len(batch.records))
        if isinstance(delivery, Refusal):
            self._books.count_refused(delivery.value)
            return
        if delivery.is_first:
            logger.info("reader %s: first batch, at seq %d", delivery.reader, delivery.first_seq)
        if batch.kind is Kind.EVENT and not self._announcement.takes_events:
            batch = self._leave_out_events(delivery)
        elif self._deduplication is not None:
            batch = self._deduplication.select(delivery, batch)
        if logger.isEnabledFor(logging.DEBUG):
            _log_messages(delivery, batch)
        self._sink.take(delivery, batch)

    def _leave_out_events(self, delivery: Delivery) -> Batch:
        """Return what remains of a batch of events while they are switched off: nothing."""
        if not self._has_left_out_events:
            self._has_left_out_events = True
            logger.info(
                "reader %s: leaving out events, because KAFKA_TOPIC_CHAT_EVENTS names no topic; it "
                "had stored them before it knew. More of them are not logged in this session",
                delivery.reader,
            )
        delivery.select([])
        return Batch(Kind.EVENT, [])

    def _acknowledge(self, *, all_at_once: bool = False) -> None:
        """Send what is due; with *all_at_once*, also what is held: it could not be sent later."""
        now = time.monotonic()
        if positions := self._link.take_acknowledgements():
            urgent = self._link.take_urgent()
            self._schedule.add(positions, now, time.time_ns() // 1000, urgent)
        self._books.turn()
        due = self._schedule.take_all(now) if all_at_once else self._schedule.take_due(now)
        if due:
            # First: what the page lacks counts as abandoned after a kill, but is not sent again.
            self._books.write_settled()
            self._sockets.acknowledge(self._link.session, due)

    def _tick(self) -> None:
        """Do the work that is due every second."""
        now = time.monotonic()
        self._next_tick = now + _TICK_S
        self._sink.poll(0)
        # Ask Kafka when stalled, too: a thread of librdkafka may be waiting for a time of day, and
        # the clock was set back. A response ends that wait.
        if self._stall_detector.stalled or not self._health.reachable:
            self._sink.ask()
        self._stall_detector.update(
            now,
            confirmed=self._sink.confirmations,
            unconfirmed=self._sink.unconfirmed,
            reachable=self._health.reachable,
            find_cause=self._find_stall,
        )
        self._announce_to_new()
        # Readers that receive announcements send again what is unacknowledged for 5 s. During a
        # stall they would only repeat the same batches.
        if not self._stall_detector.stalled:
            self._sockets.announce(self._announcement)
        self._sockets.check()
        self._sockets.reload_keys()
        self._count_connections()
        self._books.explain(self._stall_detector.problem)
        self._books.write()
        if now >= self._next_summary:
            self._next_summary = now + _SUMMARY_S
            self._summarise()

    def _announce_to_new(self) -> None:
        """Announce the session to readers that have just connected."""
        self._sockets.announce_to_new(self._announcement)

    def _count_connections(self) -> None:
        self._books.count_connections(
            ended=self._sockets.connections_ended,
            refused=self._sockets.connections_refused,
            readers=self._sockets.readers,
        )

    def _summarise(self) -> None:
        summary = self._books.summary()
        if summary != self._last_summary:
            self._last_summary = summary
            self._log_summary(summary)

    def _log_summary(self, summary: str) -> None:
        logger.info("%s", summary, extra=counts(**self._books.numbers()))


def _log_messages(delivery: Delivery, batch: Batch) -> None:
    for seq in delivery.seqs:
        logger.debug("reader %s: %s record, seq %d", delivery.reader, batch.kind.name.lower(), seq)
