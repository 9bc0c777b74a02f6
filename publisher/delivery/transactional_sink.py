"""
The sink that delivers exactly once: batches go to Kafka in transactions, with marks that say so.

1. A transaction begins with the first batch there is, and ends a moment later. It holds whole
   batches and, of each reader in it, the mark of the last one: Kafka has both or neither. Batches
   are confirmed once it is committed. While it is being committed, none is taken.
2. Kafka refuses whole requests, and then the whole transaction has to be aborted. Its batches are
   taken through once more, in a transaction each, and nothing is taken meanwhile. Each attempt
   knows more of what is refused than the one before, and the order stays what it was.
3. Any other error ends the session, and what Kafka has of the transaction is for the next one to
   find out: whether a commit that failed here has succeeded there cannot be known otherwise.
4. We wait ourselves, and not in `poll`: librdkafka's waits end at a time of day, or when there is
   something to report, and of a transaction that waits for its end all has been reported. After the
   clock has been set back by an hour, a wait that was under way would last that hour.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Mapping

from confluent_kafka import KafkaError, KafkaException

from common.frames import Batch, Kind
from common.logs import BoundedLog
from publisher.counters import Counters
from publisher.delivery.sink import Sink, attempt
from publisher.delivery.transacted_batch import TransactedBatch
from publisher.delivery.transaction import Transaction
from publisher.kafka.health import KafkaHealth
from publisher.kafka.properties import TRANSACTION_MS
from publisher.link.sequence import Delivery

logger = logging.getLogger(__name__)

#: Records after which a transaction takes no more: they are kept in memory until it is committed.
MAX_RECORDS = 20_000

#: How long Kafka is waited for at a time, to deliver and to commit: signals are looked at then.
_TURN_S = 0.001
_COMMIT_WAIT_S = 0.2


class TransactionalSink(Sink):
    """Hands batches to a transactional producer, once `init_transactions` was called on it."""

    def __init__(
        self,
        properties: Mapping[str, str],
        *,
        topics: Mapping[Kind, str],
        progress_topic: str,
        dead_letter_topic: str,
        counters: Counters,
        health: KafkaHealth,
    ) -> None:
        """Raises SettingsError when librdkafka does not accept the *properties*."""
        super().__init__(
            # Success is told by the commit.
            {**properties, "delivery.report.only.error": True},
            topics=topics,
            counters=counters,
            health=health,
        )
        self._progress_topic = progress_topic
        self._dead_letter_topic = dead_letter_topic
        self._log_refusal = BoundedLog(logger.error)
        self._transaction: Transaction | None = None
        self._ends_at = 0.0
        self._is_ending = False
        self._is_aborting = False
        #: Whether the next transaction may fail because records of this one were refused.
        self._numbers_are_missing = False
        #: Batches of an aborted transaction, each of which gets one of its own.
        self._again: deque[TransactedBatch] = deque()

    @property
    def is_full(self) -> bool:
        """Whether the transaction takes no more batches."""
        if self._transaction is None:
            return False
        return self._is_ending or bool(self._again) or self._transaction.is_waiting

    def take(self, delivery: Delivery, batch: Batch) -> None:
        """Take a batch, which is confirmed when Kafka has it. Not to be called when `is_full`."""
        self.unconfirmed += delivery.count
        self._counters.taken += delivery.count
        transaction = self._transaction or self._begin(time.monotonic() + TRANSACTION_MS / 1000)
        transaction.add(TransactedBatch(delivery, self._topics[batch.kind], batch.records))

    def proceed(self) -> None:
        """Hand on what there was no room for."""
        if self._transaction is not None:
            self._transaction.proceed()

    def poll(self, timeout_s: float) -> None:
        """Wait, and act on what was reported; end the transaction when it is due."""
        transaction = self._transaction
        if transaction is not None and transaction.is_alone:
            # The one record on its way would only wait out linger.ms.
            self._serve(self.producer.flush, timeout_s)
        else:
            time.sleep(timeout_s)
            self._serve(self.producer.poll, 0)
        if transaction is not None and self.failure is None:
            self._is_ending = self._is_ending or self._is_due(transaction)
            if self._is_ending:
                self._end(transaction)

    def flush(self, timeout_s: float) -> None:
        """As `poll`, but the transaction ends as soon as Kafka has all of it."""
        self._ends_at = 0.0
        self.poll(min(timeout_s, _TURN_S))

    def _begin(self, ends_at: float) -> Transaction:
        self._ends_at = ends_at
        self._is_ending = self._is_aborting = False
        self._transaction = Transaction(
            self.producer,
            progress_topic=self._progress_topic,
            dead_letter_topic=self._dead_letter_topic,
            log_refusal=self._log_refusal,
        )
        try:
            self.producer.begin_transaction()
        except KafkaException as error:
            self.fail(error.args[0])
        return self._transaction

    def _begin_again(self) -> None:
        """Begin a transaction for the next batch of one that was aborted, if there is one."""
        self._transaction = None
        if self._again:
            self._begin(time.monotonic()).add(self._again.popleft())

    def _is_due(self, transaction: Transaction) -> bool:
        if transaction.has_failed:
            return True
        is_over = time.monotonic() >= self._ends_at or transaction.records >= MAX_RECORDS
        return is_over and not transaction.is_waiting

    def _end(self, transaction: Transaction) -> None:
        """Take the next step towards the end."""
        if not transaction.hand_over_checkpoints():
            return  # there is room again once something has been delivered
        if len(self.producer):
            return
        if transaction.is_refused or self._is_aborting:
            self._abort(transaction)
        elif transaction.is_broken:
            self._give_up(transaction.cause or self._state())
        else:
            self._commit(transaction)

    def _commit(self, transaction: Transaction) -> None:
        if not self._has_ended(self.producer.commit_transaction):
            return
        for batch in transaction.batches:
            self._confirm(batch)
        self.confirmations += 1
        self._health.answered()
        self._numbers_are_missing = False
        self._begin_again()

    def _confirm(self, batch: TransactedBatch) -> None:
        count = batch.delivery.count
        self.unconfirmed -= count
        self._counters.confirmed += count
        self._counters.dead_letters += len(batch.refused)
        batch.delivery.confirm()

    def _abort(self, transaction: Transaction) -> None:
        if not self._has_ended(self.producer.abort_transaction):
            return
        for batch in reversed(transaction.batches):
            batch.begin_again()
            self._again.appendleft(batch)
        self._numbers_are_missing = transaction.is_refused
        self._begin_again()

    def _has_ended(self, end: Callable[[float], None]) -> bool:
        """Commit or abort, and return whether that is done; if not, it goes on the next time."""
        error = attempt(end, _COMMIT_WAIT_S)
        if error is not None and not error.retriable():
            self._give_up(error)
        return error is None

    def _give_up(self, error: KafkaError) -> None:
        """End the session, unless *error* is what librdkafka leaves behind after a refusal."""
        # It has numbered what was refused, for Kafka to see that nothing is missing, and numbers
        # anew only once Kafka has missed it.
        is_missing_numbers = error.code() == KafkaError.OUT_OF_ORDER_SEQUENCE_NUMBER
        if is_missing_numbers and self._numbers_are_missing:
            self._is_aborting = True
        else:
            self.fail(error)

    def _state(self) -> KafkaError:
        """Return what librdkafka has against the transaction, which it tells who begins another."""
        try:
            self.producer.begin_transaction()
        except KafkaException as error:
            reason: KafkaError = error.args[0]
            return reason
        raise AssertionError("a transaction has begun within another one")
