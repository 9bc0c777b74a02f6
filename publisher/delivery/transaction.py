"""
One transaction on its way to Kafka: its batches' records, the marks of their readers, and what of
it was refused. When it begins and ends is decided elsewhere.

Records that were refused before, in a transaction that was aborted, are handed over with care: what
was refused in company goes alone, and what was refused alone is replaced by its dead letter.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from publisher.delivery.checkpoints import encode_checkpoint
from publisher.delivery.dead_letters import dead_letter, log_refusal
from publisher.delivery.sink import BY_KEY
from publisher.delivery.transacted_batch import TransactedBatch

#: Reports about records that are not to blame for what became of them.
_NOT_AT_FAULT = {
    KafkaError._PURGE_QUEUE,
    KafkaError._PURGE_INFLIGHT,
    KafkaError._INVALID_DIFFERENT_RECORD,
}


class Transaction:
    """Hands batches to a *producer* that has begun a transaction and reports failures only."""

    def __init__(
        self,
        producer: Producer,
        *,
        progress_topic: str,
        dead_letter_topic: str,
        log_refusal: Callable[..., None],
    ) -> None:
        self._producer = producer
        self._progress_topic = progress_topic
        self._dead_letter_topic = dead_letter_topic
        self._log_refusal = log_refusal
        self.batches: list[TransactedBatch] = []
        #: How many records they have.
        self.records = 0
        #: The batches that the producer does not have, or has only a part of.
        self._waiting: deque[TransactedBatch] = deque()
        #: The marks that it does not have.
        self._checkpoints: dict[str, int] = {}
        #: Whether what was handed over last must have no company.
        self.is_alone = False
        #: Whether something was refused, and will be sent otherwise the next time.
        self.is_refused = False
        #: Whether the producer takes nothing more, or could not deliver something; why, if known.
        self.is_broken = False
        self.cause: KafkaError | None = None

    @property
    def is_waiting(self) -> bool:
        """Whether there was no room for all of it yet."""
        return bool(self._waiting)

    @property
    def has_failed(self) -> bool:
        """Whether it cannot be committed."""
        return self.is_refused or self.is_broken

    def add(self, batch: TransactedBatch) -> None:
        """Add *batch*, and hand over what there is room for."""
        self.batches.append(batch)
        self.records += len(batch.records)
        self._waiting.append(batch)
        self._checkpoints[batch.delivery.reader] = batch.delivery.last_seq
        self.proceed()

    def proceed(self) -> None:
        """Hand over what there was no room for."""
        try:
            while self._waiting and not self.has_failed:
                self._hand_over(self._waiting[0])
                self._waiting.popleft()
        except BufferError:
            pass  # there is room again once something has been delivered

    def hand_over_checkpoints(self) -> bool:
        """Hand over the marks; return whether there was room for them all."""
        while self._checkpoints and not self.has_failed:
            reader, seq = next(iter(self._checkpoints.items()))
            try:
                self._producer.produce(
                    self._progress_topic,
                    encode_checkpoint(seq),
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
        """Produce what is left of *batch*. Raises BufferError when that has to wait."""
        if batch.has_refusals or self.is_alone:
            self._hand_over_with_care(batch)
            return
        produce, topic, records = self._producer.produce, batch.topic, batch.records
        headers, reported = batch.headers, partial(self._reported, batch)
        for index in range(batch.next_index, len(records)):
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
                    headers(index),
                )
            except BufferError:
                batch.next_index = index
                raise
            except KafkaException as error:
                batch.next_index = index
                self._not_produced(batch, index, error.args[0])
                raise BufferError from None

    def _hand_over_with_care(self, batch: TransactedBatch) -> None:
        """As `_hand_over`, where some records must be alone on their way."""
        for index in range(batch.next_index, len(batch.records)):
            batch.next_index = index
            goes_alone = batch.goes_alone(index)
            if (goes_alone or self.is_alone) and len(self._producer):
                raise BufferError
            self.is_alone = goes_alone
            try:
                self._produce_with_care(batch, index)
            except KafkaException as error:
                self._not_produced(batch, index, error.args[0])
                raise BufferError from None

    def _produce_with_care(self, batch: TransactedBatch, index: int) -> None:
        """Produce a record, or its dead letter. Raises BufferError and KafkaException."""
        record = batch.records[index]
        reported = partial(self._reported_of, batch, index, self.is_alone)
        if (reason := batch.refused.get(index)) is None:
            self._producer.produce(
                batch.topic,
                record.value,
                record.key,
                on_delivery=reported,
                timestamp=record.timestamp,
                headers=batch.headers(index),
            )
            return
        value, key, headers = dead_letter(batch, index, reason, bare=batch.is_bare(index))
        self._producer.produce(
            self._dead_letter_topic, value, key, on_delivery=reported, headers=headers
        )

    def _not_produced(self, batch: TransactedBatch, index: int, error: KafkaError) -> None:
        """Take what librdkafka itself has against a record; the transaction does not mind."""
        if batch.learn(index, error, was_alone=True):
            self._tell_if_refused(batch, index)
        else:
            self._break(error)

    def _reported(self, batch: TransactedBatch, error: KafkaError | None, message: Message) -> None:
        """Take what became of a record that had company."""
        if error is not None and error.code() not in _NOT_AT_FAULT:
            self._reported_of(batch, batch.index_of(message), False, error, message)

    def _reported_of(
        self,
        batch: TransactedBatch,
        index: int,
        was_alone: bool,
        error: KafkaError | None,
        _message: Message,
    ) -> None:
        """Take what became of the record at *index*, or of its dead letter."""
        if error is None or error.code() in _NOT_AT_FAULT:
            return
        if batch.learn(index, error, was_alone=was_alone):
            self.is_refused = True
            self._tell_if_refused(batch, index)
        else:
            self._break(error)

    def _checkpoint_reported(self, error: KafkaError | None, _message: Message) -> None:
        if error is not None and error.code() not in _NOT_AT_FAULT:
            self._break(error)

    def _break(self, error: KafkaError) -> None:
        self.is_broken = True
        # Nothing more can be produced because of something before, whose report is yet to come.
        if error.code() != KafkaError._STATE:
            self.cause = self.cause or error

    def _tell_if_refused(self, batch: TransactedBatch, index: int) -> None:
        if (reason := batch.refused.get(index)) and not batch.is_bare(index):
            log_refusal(self._log_refusal, batch, index, reason, self._dead_letter_topic)
