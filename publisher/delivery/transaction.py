"""
One transaction: produces the records of its batches and the checkpoints of their readers.

Records that were refused in an earlier, aborted transaction are produced one per request, by
RefusedRecord's policy. The sink decides when a transaction begins and ends.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from publisher.delivery.checkpoints import encode_checkpoint
from publisher.delivery.dead_letters import log_dead_letter, log_too_large
from publisher.delivery.refused_record import RefusedRecord
from publisher.delivery.sink import BY_KEY
from publisher.delivery.transacted_batch import TransactedBatch
from publisher.link.sequence import Position

#: Errors of records that failed because of something else.
_NOT_AT_FAULT = {
    KafkaError._PURGE_QUEUE,
    KafkaError._PURGE_INFLIGHT,
    KafkaError._INVALID_DIFFERENT_RECORD,
}


class Transaction:
    """Hands batches to a *producer* that has begun a transaction and reports only failures."""

    def __init__(
        self,
        producer: Producer,
        *,
        progress_topic: str,
        dead_letter_topic: str,
        log_refusal: Callable[..., None],
        log_request: Callable[..., None],
    ) -> None:
        self._producer = producer
        self._progress_topic = progress_topic
        self._dead_letter_topic = dead_letter_topic
        self._log_refusal = log_refusal
        self._log_request = log_request
        self.batches: list[TransactedBatch] = []
        #: The number of records in them.
        self.records = 0
        #: The batches that the producer does not have completely.
        self._waiting: deque[TransactedBatch] = deque()
        #: The checkpoints that it does not have.
        self._checkpoints: dict[str, Position] = {}
        #: Whether the record that was produced last must be alone in its request.
        self.is_alone = False
        #: Whether a record was refused, and the next transaction will send something else.
        self.is_refused = False
        #: Whether the producer accepts no more or could not deliver something, and why, if known.
        self.is_broken = False
        self.cause: KafkaError | None = None

    @property
    def is_waiting(self) -> bool:
        """Whether some of it waits for room in the producer's queue."""
        return bool(self._waiting)

    @property
    def has_failed(self) -> bool:
        """Whether it cannot be committed."""
        return self.is_refused or self.is_broken

    def add(self, batch: TransactedBatch) -> None:
        """Add *batch*, and produce as much as there is room for."""
        self.batches.append(batch)
        self.records += len(batch.records)
        self._waiting.append(batch)
        self._checkpoints[batch.delivery.reader] = batch.delivery.last
        self.proceed()

    def proceed(self) -> None:
        """Produce what there was no room for."""
        try:
            while self._waiting and not self.has_failed:
                self._hand_over(self._waiting[0])
                self._waiting.popleft()
        except BufferError:
            pass  # there is room again once something has been delivered

    def hand_over_checkpoints(self) -> bool:
        """Produce the checkpoints; return whether there was room for all of them."""
        while self._checkpoints and not self.has_failed:
            reader, position = next(iter(self._checkpoints.items()))
            try:
                self._producer.produce(
                    self._progress_topic,
                    encode_checkpoint(position),
                    reader.encode(),
                    on_delivery=self._checkpoint_reported,
                )
            except BufferError:
                return False
            except KafkaException as error:
                self._break(error.args[0])
            else:
                del self._checkpoints[reader]
        return True

    def _hand_over(self, batch: TransactedBatch) -> None:
        """Produce the rest of *batch*. Raises BufferError when that has to wait."""
        if batch.has_refusals or self.is_alone:
            self._hand_over_one_by_one(batch)
            return
        produce, topic, records = self._producer.produce, batch.topic, batch.records
        first, reported = batch.next_index, partial(self._reported, batch)
        for index, headers in enumerate(batch.headers_from(first), first):
            record = records[index]
            try:
                produce(
                    topic,
                    record.value,
                    record.key,
                    BY_KEY,
                    reported,
                    None,
                    record.timestamp,
                    headers,
                )
            except BufferError:
                batch.next_index = index
                raise
            except KafkaException as error:
                batch.next_index = index
                self._not_produced(batch, index, error.args[0])
                raise BufferError from None

    def _hand_over_one_by_one(self, batch: TransactedBatch) -> None:
        """As `_hand_over`, where some records must be alone in their request."""
        for index in range(batch.next_index, len(batch.records)):
            batch.next_index = index
            goes_alone = batch.refused(index) is not None
            if (goes_alone or self.is_alone) and len(self._producer):
                raise BufferError
            self.is_alone = goes_alone
            try:
                self._produce_one(batch, index)
            except KafkaException as error:
                self._not_produced(batch, index, error.args[0])
                raise BufferError from None

    def _produce_one(self, batch: TransactedBatch, index: int) -> None:
        """Produce a record, or what replaces it. Raises BufferError and KafkaException."""
        record = batch.refused(index) or RefusedRecord(batch, index)
        topic, value, key, headers, timestamp = record.next_attempt(self._dead_letter_topic)
        self._producer.produce(
            topic,
            value,
            key,
            on_delivery=partial(self._reported_of, batch, index, self.is_alone),
            timestamp=timestamp,
            headers=headers,
        )

    def _not_produced(self, batch: TransactedBatch, index: int, error: KafkaError) -> None:
        """Handle a record that librdkafka itself refuses, which does not fail the transaction."""
        if not self._learn(batch, index, error, was_alone=True):
            self._break(error)

    def _reported(self, batch: TransactedBatch, error: KafkaError | None, message: Message) -> None:
        """Handle a failed record that was not alone in its request."""
        if error is not None and error.code() not in _NOT_AT_FAULT:
            log_too_large(self._log_request, batch.topic, error)
            self._reported_of(batch, batch.index_of(message), False, error, message)

    def _reported_of(
        self,
        batch: TransactedBatch,
        index: int,
        was_alone: bool,
        error: KafkaError | None,
        _message: Message,
    ) -> None:
        """Handle the report about the record at *index*, or what replaced it."""
        if error is None or error.code() in _NOT_AT_FAULT:
            return
        if self._learn(batch, index, error, was_alone=was_alone):
            self.is_refused = True
        else:
            self._break(error)

    def _checkpoint_reported(self, error: KafkaError | None, _message: Message) -> None:
        if error is not None and error.code() not in _NOT_AT_FAULT:
            self._break(error)

    def _break(self, error: KafkaError) -> None:
        self.is_broken = True
        # _STATE is the consequence of an earlier error, whose report is still to come.
        if error.code() != KafkaError._STATE:
            self.cause = self.cause or error

    def _learn(
        self, batch: TransactedBatch, index: int, error: KafkaError, *, was_alone: bool
    ) -> bool:
        """Note a refusal; return whether the next attempt will send something else."""

        def log(reason: KafkaError) -> None:
            log_dead_letter(self._log_refusal, batch, index, reason, self._dead_letter_topic)

        return batch.learn(index, error, log, was_alone=was_alone)
