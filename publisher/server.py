"""
Runs the publisher's sessions, one after the other.

Each session has its own producer. When a session begins, each reader sends again from its oldest
unacknowledged record. A session begins when the publisher starts, and when the producer of the
previous session has become unusable.
"""

from __future__ import annotations

import logging
from functools import partial
from typing import Protocol

from confluent_kafka import KafkaError

from common.backoff import Backoff
from common.frames import Kind
from common.logs import BoundedLog
from common.settings import EXACTLY_ONCE, Settings
from common.status.publisher_status import PublisherState
from publisher.books import Books
from publisher.deduplication.deduplication import Deduplication
from publisher.deduplication.warm_up import warm_up
from publisher.delivery.at_least_once import AtLeastOnce
from publisher.delivery.exactly_once import ExactlyOnce
from publisher.delivery.sink import Sink
from publisher.kafka.health import KafkaHealth
from publisher.kafka.needed_topics import needed_topics, record_topics
from publisher.kafka.permissions import needed_after
from publisher.kafka.properties import Cluster, connection_properties, transactional_id
from publisher.kafka.replicas import too_few_replicas
from publisher.kafka.topics import RequiredTopics
from publisher.link.sequence import ReceivingLink
from publisher.link.sockets import LinkSockets
from publisher.session import Session
from publisher.stop_signals import StopSignals

logger = logging.getLogger(__name__)

#: First and longest delay before the next session, in seconds.
_RETRY_FIRST_S = 1.0
_RETRY_LAST_S = 30.0


class _Guarantee(Protocol):
    """Creates the parts of a session that depend on the kind of delivery."""

    def open_sink(self) -> Sink:
        """Return the sink of a new session. Raises SettingsError."""

    def begin(self, sink: Sink, /) -> ReceivingLink | None:
        """Return the link of a new session; None when the session cannot begin."""


class Server:
    """Publishes what *sockets* receive to *cluster*, until *stop* is requested."""

    def __init__(
        self,
        settings: Settings,
        *,
        cluster: Cluster,
        sockets: LinkSockets,
        stop: StopSignals,
        books: Books,
    ) -> None:
        """Raises SettingsError when a setting is not allowed."""
        self._connection = connection_properties(settings, cluster)
        self._cluster = cluster
        self._sockets = sockets
        self._stop = stop
        self._books = books
        books.use_kafka(cluster.brokers)
        self._health = KafkaHealth(cluster.brokers, books.note_kafka)
        self._log_failure = BoundedLog(logger.error, interval_s=60.0)
        self._deduplication = Deduplication() if settings.deduplicate else None
        self._transactional_id = transactional_id(settings)
        self._record_topics = record_topics(settings)
        self._guarantee = self._new_guarantee(settings)
        self._topics = RequiredTopics(
            needed_topics(settings),
            properties=self._connection,
            has_permissions=not cluster.embedded,
            health=self._health,
            stop=stop,
            explain=books.explain,
        )
        #: The missing permissions that have ended sessions, and were logged.
        self._logged_missing: set[str] = set()
        #: The missing permission that has ended the last session, while it is not logged.
        self._refusal: KafkaError | None = None

    def run(self) -> None:
        """
        Run sessions until a stop is requested.

        Raises SettingsError when librdkafka does not accept a KAFKA_CONF_*, and FencedError when
        another publisher has taken over.
        """
        # There is only one publisher, so there is nothing for jitter to spread.
        backoff = Backoff(_RETRY_FIRST_S, _RETRY_LAST_S, min_share=1.0)
        retry_s = 0.0
        self._books.enter(PublisherState.BEGINNING)
        while not self._stop.wait(retry_s):
            sink = self._guarantee.open_sink()
            try:
                self._run_session(sink)
            finally:
                sink.close()
                self._books.enter(PublisherState.BEGINNING)
            if sink.confirmations:
                backoff.reset()
                self._logged_missing.clear()
            # If a permission was missing, so that the producer could not begin, that is logged.
            if sink.failure is not None and not self._topics.had_problems:
                self._log(sink.failure)
            retry_s = backoff.next_delay_s()

    def _log(self, failure: KafkaError) -> None:
        """Log what has ended a session; a missing permission only when the next one begins."""
        self._books.explain(f"Kafka's client has failed: {failure.name()}: {failure.str()}")
        if needed_after(failure, self._transactional_id):
            self._refusal = failure
            return
        self._log_failure(
            "Kafka's client has failed: %s: %s; starting a new session, in which readers "
            "send unconfirmed messages again",
            failure.name(),
            failure.str(),
        )

    def _log_refusal(self) -> None:
        """Log the permission whose lack ended the last session, unless the topics' check did."""
        failure, self._refusal = self._refusal, None
        if failure is None or self._topics.had_problems:
            return
        needed = needed_after(failure, self._transactional_id)
        self._books.explain(
            f"Kafka's ACLs do not permit what the publisher does: it needs {needed}"
        )
        if needed and needed not in self._logged_missing:
            self._logged_missing.add(needed)
            logger.error(
                "Kafka's ACLs do not permit what the publisher does: it needs %s (%s: %s); trying "
                "again until it is granted. Readers keep what they receive",
                needed,
                failure.name(),
                failure.str(),
            )

    def _new_guarantee(self, settings: Settings) -> _Guarantee:
        if settings.delivery == EXACTLY_ONCE:
            return ExactlyOnce(
                settings,
                cluster=self._cluster,
                topics=self._record_topics,
                books=self._books,
                health=self._health,
                stop=self._stop,
            )
        return AtLeastOnce(
            settings,
            cluster=self._cluster,
            topics=self._record_topics,
            books=self._books,
            health=self._health,
        )

    def _run_session(self, sink: Sink) -> None:
        topics_are_usable = self._topics.wait(sink.producer, partial(sink.poll, 0))
        self._log_refusal()
        if not topics_are_usable or sink.failure is not None:
            return
        link = self._guarantee.begin(sink)
        if link is None:
            return
        logger.info("Kafka at %s is ready: session %016x", self._cluster.brokers, link.session)
        if self._deduplication is not None:
            self._deduplication.begin_session()
            warm_up(
                self._deduplication.published,
                self._record_topics,
                self._connection,
                health=self._health,
                stop=self._stop,
            )
        session = Session(
            link,
            sink,
            sockets=self._sockets,
            stop=self._stop,
            books=self._books,
            health=self._health,
            deduplication=self._deduplication,
            takes_events=Kind.EVENT in self._record_topics,
            find_stall=partial(too_few_replicas, self._topics.names, self._connection),
        )
        self._books.begin_session(link.session)
        session.run()
        if self._stop.requested:
            session.drain()
