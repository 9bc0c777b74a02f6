"""
Exactly-once sessions: each reads back what earlier sessions have published, and skips it.

1. A session starts with `init_transactions`. This fences every other publisher with the same
   transactional.id, and completes or aborts its open transaction.
2. Then it claims the transactional.id with a record of its own in the progress topic.
3. Then it reads that topic, which now holds the checkpoints of everything that was committed.
4. A later session of the same process first checks whether another publisher's claim follows its
   own. If so, that publisher has taken over, on purpose or by mistake, and this one stops.
   Otherwise the two would fence each other indefinitely.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping

from confluent_kafka import KafkaError, KafkaException, Producer

from common.frames import Kind
from common.settings import Settings, SettingsError
from publisher.books import Books
from publisher.delivery.checkpoints import ForeignRecordError, Standing, claim_key, encode_claim
from publisher.delivery.handover import wants_ids
from publisher.delivery.progress_topic import read_progress
from publisher.delivery.sink import Sink
from publisher.delivery.transactional_sink import TransactionalSink
from publisher.kafka.health import KafkaHealth
from publisher.kafka.properties import (
    Cluster,
    connection_properties,
    transactional_id,
    transactional_properties,
)
from publisher.link.sequence import ReceivingLink, new_session
from publisher.stop_signals import StopSignals

logger = logging.getLogger(__name__)

#: Seconds between two checks for signals while waiting for Kafka.
_WAIT_S = 0.5
#: Seconds of waiting after which a warning is logged.
_WARN_AFTER_S = 10.0
#: Seconds that another publisher may take from fencing this one to its claim.
_CLAIM_WITHIN_S = 3.0


class FencedError(Exception):
    """Raised when another publisher has taken over. The text says which one."""


class ExactlyOnce:
    """Opens the sinks and links of exactly-once sessions."""

    def __init__(
        self,
        settings: Settings,
        *,
        cluster: Cluster,
        topics: Mapping[Kind, str],
        books: Books,
        health: KafkaHealth,
        stop: StopSignals,
    ) -> None:
        """Raises SettingsError when a setting is not allowed."""
        self._transactional_id = transactional_id(settings)
        self._properties = transactional_properties(settings, cluster)
        self._connection = connection_properties(settings, cluster)
        self._topics = topics
        self._dead_letter_topic = settings.kafka_topic_dead_letters
        self._progress_topic = settings.kafka_topic_progress
        self._books = books
        self._health = health
        self._with_ids = wants_ids(settings)
        self._stop = stop
        #: The sessions of this process, and whether one of them has claimed the transactional.id.
        self._own: set[str] = set()
        self._has_claimed = False
        self._sink: Sink | None = None
        self._is_fenced = False

    def open_sink(self) -> Sink:
        """Return the sink of a new session. Raises SettingsError."""
        if self._sink is not None and self._sink.failure is not None:
            self._is_fenced = self._sink.failure.code() == KafkaError._FENCED
        self._sink = TransactionalSink(
            self._properties,
            topics=self._topics,
            progress_topic=self._progress_topic,
            dead_letter_topic=self._dead_letter_topic,
            books=self._books,
            health=self._health,
            with_ids=self._with_ids,
        )
        return self._sink

    def begin(self, sink: Sink) -> ReceivingLink | None:
        """
        Return the link of a new session; None after a request to stop, or when the sink has failed.

        Raises FencedError, and SettingsError when the progress topic holds foreign records.
        """
        try:
            if self._has_claimed:
                self._look_for_others()
            session = new_session()
            if not self._init(sink.producer) or not self._claim(sink.producer, f"{session:016x}"):
                return None
            standing = self._read(wait_for_open=True)
        except KafkaException as error:
            sink.fail(error.args[0])
            return None
        if standing is None:
            return None
        logger.info(
            "exactly once, transactional.id %s: read the checkpoints of %d readers from topic %s",
            self._transactional_id,
            len(standing.checkpoints),
            self._progress_topic,
        )
        return ReceivingLink(session, checkpoints=standing.checkpoints)

    def _look_for_others(self) -> None:
        """
        Raise FencedError when another publisher has claimed the transactional.id.

        Kafka does not say who has fenced this publisher. Kafka itself does it when a transaction
        takes too long, for example because the machine was suspended.
        """
        deadline = time.monotonic() + (_CLAIM_WITHIN_S if self._is_fenced else 0.0)
        while True:
            # While a transaction of our own is open, no other publisher can have taken over.
            standing = self._read(wait_for_open=False)
            claim = standing.claims.get(self._transactional_id) if standing else None
            if claim is not None and claim.session not in self._own:
                raise FencedError(
                    f"process {claim.process} on {claim.host} has taken over the transactional.id "
                    f"{self._transactional_id}, which only one publisher can use: stop one of the "
                    "two, or give it another KAFKA_TRANSACTIONAL_ID"
                )
            if time.monotonic() > deadline or self._stop.wait(_WAIT_S):
                return

    def _init(self, producer: Producer) -> bool:
        """Fence all other publishers of this transactional.id; return False when asked to stop."""
        warn_at = time.monotonic() + _WARN_AFTER_S
        while not self._stop.requested:
            try:
                producer.init_transactions(_WAIT_S)
            except KafkaException as error:
                reason: KafkaError = error.args[0]
                if reason.fatal():
                    raise
                if time.monotonic() > warn_at:
                    warn_at = float("inf")
                    logger.warning("cannot start transactions yet: %s; retrying", reason.str())
                    self._books.explain(f"cannot start transactions yet: {reason.str()}")
                self._stop.wait(_WAIT_S / 5)
            else:
                return True
        return False

    def _claim(self, producer: Producer, session: str) -> bool:
        """Claim the transactional.id for *session*; return False when asked to stop."""
        self._own.add(session)
        producer.begin_transaction()
        key = claim_key(self._transactional_id)
        producer.produce(self._progress_topic, encode_claim(session), key)
        while not self._stop.requested:
            try:
                producer.commit_transaction(_WAIT_S)
            except KafkaException as error:
                if not error.args[0].retriable():
                    raise
            else:
                self._has_claimed = True
                return True
        return False

    def _read(self, *, wait_for_open: bool) -> Standing | None:
        try:
            return read_progress(
                self._progress_topic,
                self._connection,
                wait_for_open=wait_for_open,
                health=self._health,
                stop=self._stop,
            )
        except ForeignRecordError as error:
            raise SettingsError(
                f"KAFKA_TOPIC_PROGRESS holds {self._progress_topic!r}, but that topic has a record "
                f"that no publisher of this version has written: {error}"
            ) from None
