"""
The at-least-once sink: a batch is confirmed when each of its records is.

There are three kinds of errors, and each is handled in one place.

1. The producer's queue is full: the sink `is_full` until `proceed` has handed over the rest.
2. Kafka refuses a record for good: see refusals.py.
3. Any other error ends the session.
"""

from __future__ import annotations

from collections.abc import Mapping

from confluent_kafka import KafkaException

from common.frames import Batch, Kind
from publisher.books import Books
from publisher.delivery.handover import CountedHandover
from publisher.delivery.refusals import Refusals
from publisher.delivery.sink import BY_KEY, Sink
from publisher.kafka.health import KafkaHealth
from publisher.link.sequence import Delivery


class CountedSink(Sink):
    """Hands batches to an idempotent producer, and counts its confirmations."""

    def __init__(
        self,
        properties: Mapping[str, str],
        *,
        topics: Mapping[Kind, str],
        dead_letter_topic: str,
        books: Books,
        health: KafkaHealth,
        with_ids: bool,
    ) -> None:
        """Raises SettingsError when librdkafka does not accept the *properties*."""
        super().__init__(properties, topics=topics, books=books, health=health, with_ids=with_ids)
        self._refusals = Refusals(
            properties,
            dead_letter_topic=dead_letter_topic,
            on_failure=self.fail,
        )
        #: The batch of which the producer has only a part.
        self._partial: CountedHandover | None = None

    @property
    def is_full(self) -> bool:
        """Whether something waits for room in a producer's queue."""
        return self._partial is not None or self._refusals.is_waiting

    def take(self, delivery: Delivery, batch: Batch) -> None:
        """Take a batch, which is confirmed when Kafka has it. Do not call it when `is_full`."""
        handover = CountedHandover(
            delivery,
            self._topic_of(batch),
            batch,
            on_confirmed=self._confirmed,
            on_refused=self._refusals.add_from_request,
            with_ids=self._with_ids,
        )
        self._books.take(handover)
        if not batch.records:
            # Nothing is produced, so this is no sign of life from Kafka.
            self._books.settle(handover)
            delivery.confirm()
            return
        self._partial = handover
        self.proceed()

    def proceed(self) -> None:
        """Produce what there was no room for."""
        try:
            self._refusals.proceed()
            if self._partial is not None:
                self._hand_over(self._partial)
                self._partial = None
        except BufferError:
            pass  # there is room again once something has been delivered

    def poll(self, timeout_s: float) -> None:
        """Wait for a report from the producer, and handle it."""
        self._serve(self.producer.poll, timeout_s)
        self._refusals.poll()

    def flush(self, timeout_s: float) -> None:
        """As `poll`, but send what the producer holds at once, whatever `linger.ms` is."""
        self._serve(self.producer.flush, timeout_s)
        self._refusals.poll()

    def close(self) -> None:
        """Drop what is not confirmed, and close the producers."""
        self._refusals.close()
        super().close()

    def _hand_over(self, handover: CountedHandover) -> None:
        """Produce the rest of a batch. Raises BufferError when there is no room for all of it."""
        produce, topic, records = self.producer.produce, handover.topic, handover.records
        first, delivered = handover.next_index, handover.delivered
        for index, headers in enumerate(handover.headers_from(first), first):
            record = records[index]
            try:
                produce(
                    topic,
                    record.value,
                    record.key,
                    BY_KEY,
                    delivered,
                    None,
                    record.timestamp,
                    headers,
                )
            except BufferError:
                handover.next_index = index
                raise
            except KafkaException as error:
                self._refusals.add(handover, index, error.args[0])

    def _confirmed(self, handover: CountedHandover) -> None:
        self._books.settle(handover)
        self.confirmations += 1
        handover.delivery.confirm()
        self._health.answered()
