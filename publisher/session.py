"""
The publisher's loop: takes batches from the link, hands them to Kafka, tells readers what it has.

One thread does it all. While Kafka owes us confirmations, the producer is where we wait, since its
reports only come while it is polled; else it is the sockets.
"""

from __future__ import annotations

import logging
import time

import zmq

from common.frames import Announcement, Batch, Presence
from common.logs import BoundedLog
from publisher.counters import Counters
from publisher.deduplication.deduplication import Deduplication
from publisher.delivery.sink import Sink
from publisher.kafka.health import KafkaHealth
from publisher.link.frame_validation import MalformedError, read_message
from publisher.link.sequence import Delivery, ReceivingLink, Refusal
from publisher.link.sockets import LinkSockets
from publisher.stall_detector import StallDetector
from publisher.stop_signals import StopSignals

logger = logging.getLogger(__name__)

_TICK_S = 1.0
_SUMMARY_S = 60.0

#: Messages taken from the link before the producer is looked after again.
_MESSAGES_PER_TURN = 10

#: Waits for the producer's reports: while it delivers, a new batch may have to wait this long too.
_WAIT_S = 0.001
_WAIT_STALLED_S = 0.05

#: How long Kafka may take, at the end, to confirm what it was given. Readers wait 10 s as well, and
#: supervisord's stopwaitsecs is longer.
_DRAIN_S = 10.0


class Session:
    """Runs one session of the *link* into one *sink*."""

    def __init__(
        self,
        link: ReceivingLink,
        sink: Sink,
        *,
        sockets: LinkSockets,
        stop: StopSignals,
        counters: Counters,
        health: KafkaHealth,
        deduplication: Deduplication | None,
    ) -> None:
        """Copies of messages are published as they come if there is no *deduplication*."""
        self._link = link
        self._sink = sink
        self._sockets = sockets
        self._stop = stop
        self._counters = counters
        self._health = health
        self._deduplication = deduplication
        self._announcement = Announcement(link.session, deduplicates=deduplication is not None)
        self._poller = zmq.Poller()
        self._poller.register(sockets.batches, zmq.POLLIN)
        # Readers that connect are told, at once if there is nothing else to do; and ZeroMQ clears
        # lost connections away only when it is looked at.
        self._poller.register(sockets.acknowledgements, zmq.POLLIN)
        self._poller.register(stop.fileno(), zmq.POLLIN)
        self._log_malformed = BoundedLog(logger.warning)
        now = time.monotonic()
        self._next_tick = now
        self._next_summary = now + _SUMMARY_S
        self._last_summary = counters.summary()
        self._stall_detector = StallDetector(now, sink.confirmations)

    def run(self) -> None:
        """Run until a signal asks to stop, or the sink has failed."""
        self._sockets.announce_to_all(self._announcement)
        while not self._stop.requested and self._sink.failure is None:
            if self._take():
                self._sink.poll(0)
            elif self._sink.unconfirmed:
                self._sink.poll(_WAIT_STALLED_S if self._stall_detector.stalled else _WAIT_S)
            else:
                self._poller.poll(max(0, int((self._next_tick - time.monotonic()) * 1000) + 1))
                self._welcome()
            self._acknowledge()
            if time.monotonic() >= self._next_tick:
                self._tick()

    def drain(self) -> None:
        """Take no more; wait, at most 10 s, until Kafka has confirmed all, and tell the readers."""
        deadline = time.monotonic() + _DRAIN_S
        if self._sink.unconfirmed:
            logger.info("waiting for Kafka to confirm %d messages", self._sink.unconfirmed)
        while self._sink.unconfirmed and self._sink.failure is None:
            if time.monotonic() > deadline:
                break
            self._sink.proceed()
            self._sink.flush(_WAIT_STALLED_S)
            self._acknowledge()
        if self._sink.unconfirmed:
            logger.warning(
                "stopping although Kafka has not confirmed %d messages; their readers keep them",
                self._sink.unconfirmed,
            )
        self._count_connections()
        logger.info("%s", self._counters.summary())

    def _take(self) -> bool:
        """Take what has come, up to a bound; return whether there was anything to do."""
        self._sink.proceed()
        for number in range(_MESSAGES_PER_TURN):
            if self._sink.is_full:
                return number > 0
            frames = self._sockets.receive()
            if frames is None:
                return number > 0
            self._take_message(frames)
        return True

    def _take_message(self, frames: list[bytes]) -> None:
        try:
            message = read_message(frames)
        except MalformedError as error:
            self._counters.malformed[error.reason] += 1
            self._log_malformed("dropped what is no batch: %s", error)
            return
        if isinstance(message, Presence):
            if self._deduplication is not None:
                self._deduplication.note_presence(message)
            return
        envelope, batch = message
        answer = self._link.accept(envelope, len(batch.records))
        if isinstance(answer, Refusal):
            self._counters.refused[answer.value] += 1
            return
        if answer.is_first:
            logger.info("reader %s: first batch, at seq %d", answer.reader, answer.first_seq)
        if self._deduplication is not None:
            batch = self._deduplication.select(answer, batch)
        if logger.isEnabledFor(logging.DEBUG):
            _log_messages(answer, batch)
        self._sink.take(answer, batch)

    def _acknowledge(self) -> None:
        if acknowledgements := self._link.take_acknowledgements():
            self._sockets.acknowledge(self._link.session, acknowledgements)

    def _tick(self) -> None:
        """Do what is to be done every second."""
        now = time.monotonic()
        self._next_tick = now + _TICK_S
        self._sink.poll(0)
        # A stalled client is asked as well: one of its threads may only be in a wait that ends at a
        # time of day, and the clock was set back. An answer ends that.
        if self._stall_detector.stalled or not self._health.reachable:
            self._sink.ask()
        self._stall_detector.update(
            now,
            confirmed=self._sink.confirmations,
            unconfirmed=self._sink.unconfirmed,
            reachable=self._health.reachable,
        )
        # A reader that hears us sends again what is not acknowledged for 5 s; while Kafka confirms
        # nothing, that would only be the same batches over and over.
        self._welcome()
        if not self._stall_detector.stalled:
            self._sockets.announce(self._announcement)
        self._sockets.reload_keys()
        self._count_connections()
        if now >= self._next_summary:
            self._next_summary = now + _SUMMARY_S
            self._summarise()

    def _welcome(self) -> None:
        """Tell readers that have just connected that their batches are taken."""
        self._sockets.announce_to_new(self._announcement)

    def _count_connections(self) -> None:
        self._counters.connections_ended = self._sockets.connections_ended
        self._counters.connections_refused = self._sockets.connections_refused

    def _summarise(self) -> None:
        summary = self._counters.summary()
        if summary != self._last_summary:
            self._last_summary = summary
            logger.info("%s", summary)


def _log_messages(delivery: Delivery, batch: Batch) -> None:
    for seq in delivery.seqs:
        logger.debug("reader %s: %s record, seq %d", delivery.reader, batch.kind.name.lower(), seq)
