"""
The exactly-once sink: writes batches in transactions, together with the readers' checkpoints.

1. A transaction begins with the first batch and ends TRANSACTION_MS later. It holds whole batches
   and, for each reader in it, a checkpoint at its last batch: Kafka has both or neither. Batches
   are confirmed once it is committed. No batch is taken while it is being committed.
2. When Kafka refuses a request, the whole transaction has to be aborted. Each of its batches is
   then written again in a transaction of its own, in the same order, and no other batch is taken
   until that is done. Each attempt knows more about what is refused than the one before.
3. Any other error ends the session. The next session reads from Kafka what was committed: a commit
   that failed here may have succeeded there.
4. The sink sleeps by itself instead of waiting in `poll`. A wait in librdkafka ends at a wall-clock
   time or with a report, and a transaction that waits to be committed has nothing left to report.
   If the clock was set back by an hour, such a wait would last an hour.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Mapping

from confluent_kafka import KafkaError, KafkaException

from common.frames import Batch, Kind
from common.logs import BoundedLog
from publisher.books import Books
from publisher.delivery.sink import Sink, attempt
from publisher.delivery.transacted_batch import TransactedBatch
from publisher.delivery.transaction import Transaction
from publisher.kafka.health import KafkaHealth
from publisher.kafka.properties import TRANSACTION_MS
from publisher.link.sequence import Delivery

logger = logging.getLogger(__name__)

#: The most records in a transaction: they are kept in memory until it is committed.
MAX_RECORDS = 20_000

#: Seconds of one wait for a delivery and for a commit. Signals are checked between waits.
_TURN_S = 0.001
_COMMIT_WAIT_S = 0.2


class TransactionalSink(Sink):
    """Hands batches to a transactional producer on which `init_transactions` was called."""

    def __init__(
        self,
        properties: Mapping[str, str],
        *,
        topics: Mapping[Kind, str],
        progress_topic: str,
        dead_letter_topic: str,
        books: Books,
        health: KafkaHealth,
        with_ids: bool,
    ) -> None:
        """Raises SettingsError when librdkafka does not accept the *properties*."""
        super().__init__(
            # The commit reports success.
            {**properties, "delivery.report.only.error": True},
            topics=topics,
            books=books,
            health=health,
            with_ids=with_ids,
        )
        self._progress_topic = progress_topic
        self._dead_letter_topic = dead_letter_topic
        self._log_refusal = BoundedLog(logger.error)
        self._log_request = BoundedLog(logger.warning, interval_s=60.0)
        self._transaction: Transaction | None = None
        self._ends_at = 0.0
        self._is_ending = False
        self._is_aborting = False
        #: Whether the next transaction may fail because records of this one were refused.
        self._numbers_are_missing = False
        #: Batches of an aborted transaction. Each of them gets a transaction of its own.
        self._again: deque[TransactedBatch] = deque()

    @property
    def is_full(self) -> bool:
        """Whether the transaction takes no more batches."""
        if self._transaction is None:
            return False
        return self._is_ending or bool(self._again) or self._transaction.is_waiting

    def take(self, delivery: Delivery, batch: Batch) -> None:
        """Take a batch, which is confirmed when Kafka has it. Do not call it when `is_full`."""
        taken = TransactedBatch(delivery, self._topic_of(batch), batch, with_ids=self._with_ids)
        self._books.take(taken)
        transaction = self._transaction or self._begin(time.monotonic() + TRANSACTION_MS / 1000)
        transaction.add(taken)

    def proceed(self) -> None:
        """Produce what there was no room for."""
        if self._transaction is not None:
            self._transaction.proceed()

    def poll(self, timeout_s: float) -> None:
        """Wait, handle reports, and end the transaction when it is due."""
        transaction = self._transaction
        if transaction is not None and transaction.is_alone:
            # Otherwise the only record in the queue would wait for linger.ms.
            self._serve(self.producer.flush, timeout_s)
        else:
            time.sleep(timeout_s)
            self._serve(self.producer.poll, 0)
        if transaction is not None and self.failure is None:
            self._is_ending = self._is_ending or self._is_due(transaction)
            if self._is_ending:
                self._end(transaction)

    def flush(self, timeout_s: float) -> None:
        """As `poll`, but end the transaction as soon as Kafka has all of it."""
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
            log_request=self._log_request,
        )
        try:
            self.producer.begin_transaction()
        except KafkaException as error:
            self.fail(error.args[0])
        return self._transaction

    def _begin_again(self) -> None:
        """Begin a transaction for the next batch of the aborted one, if there is one."""
        self._transaction = None
        if self._again:
            self._begin(time.monotonic()).add(self._again.popleft())

    def _is_due(self, transaction: Transaction) -> bool:
        if transaction.has_failed:
            return True
        is_over = time.monotonic() >= self._ends_at or transaction.records >= MAX_RECORDS
        return is_over and not transaction.is_waiting

    def _end(self, transaction: Transaction) -> None:
        """Take the next step towards committing or aborting."""
        if not transaction.hand_over_checkpoints():
            return  # there is room again once something has been delivered
        # Do not wait for the other records of a failed transaction. librdkafka may keep some in its
        # queue, for example one that it has to retry. It sends none of them, and reports them only
        # after message.timeout.ms, a minute. An abort drops them, and waits for those in flight.
        if transaction.is_refused or self._is_aborting:
            self._abort(transaction)
        elif transaction.cause is not None:
            self._fail_unless_expected(transaction.cause)
        elif len(self.producer):
            return
        elif transaction.is_broken:
            self._fail_unless_expected(self._state())
        else:
            self._commit(transaction)

    def _commit(self, transaction: Transaction) -> None:
        self._books.write_taken()
        if not self._has_ended(self.producer.commit_transaction):
            return
        for batch in transaction.batches:
            self._books.settle(batch)
            batch.delivery.confirm()
        # A kill from now on does not let its readers send it again.
        self._books.write_settled()
        self.confirmations += 1
        self._health.answered()
        self._numbers_are_missing = False
        self._begin_again()

    def _abort(self, transaction: Transaction) -> None:
        if not self._has_ended(self.producer.abort_transaction):
            return
        for batch in reversed(transaction.batches):
            batch.begin_again()
            self._again.appendleft(batch)
        self._numbers_are_missing = transaction.is_refused
        self._begin_again()

    def _has_ended(self, end: Callable[[float], None]) -> bool:
        """Commit or abort (*end*); return whether that is done, or has to be continued."""
        error = attempt(end, _COMMIT_WAIT_S)
        if error is not None and not error.retriable():
            self._fail_unless_expected(error)
        return error is None

    def _fail_unless_expected(self, error: KafkaError) -> None:
        """End the session, unless *error* is the expected consequence of a refusal."""
        # librdkafka gave the refused records sequence numbers, and starts with new ones only after
        # Kafka has reported those as missing.
        is_missing_numbers = error.code() == KafkaError.OUT_OF_ORDER_SEQUENCE_NUMBER
        if is_missing_numbers and self._numbers_are_missing:
            self._is_aborting = True
        else:
            self.fail(error)

    def _state(self) -> KafkaError:
        """Return librdkafka's error for the transaction: it raises it if another one is begun."""
        try:
            self.producer.begin_transaction()
        except KafkaException as error:
            reason: KafkaError = error.args[0]
            return reason
        raise AssertionError("a transaction has begun within another one")
