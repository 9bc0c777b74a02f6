"""
Sends refused records again, one per request, by a producer of their own (at-least-once delivery).

What is sent in place of each is RefusedRecord's policy. Records that are sent again come after
those that were sent since: this is the only way in which a reader's records change their order.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Mapping
from functools import partial

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from common.logs import BoundedLog
from publisher.delivery.dead_letters import FINAL, log_dead_letter, log_too_large
from publisher.delivery.handover import CountedHandover
from publisher.delivery.refused_record import RefusedRecord
from publisher.delivery.sink import attempt
from publisher.kafka.health import LibrdkafkaLog

logger = logging.getLogger(__name__)


class Refusals:
    """Finds a place for each refused record; any other error is passed to *on_failure*."""

    def __init__(
        self,
        properties: Mapping[str, str],
        *,
        dead_letter_topic: str,
        on_failure: Callable[[KafkaError], None],
    ) -> None:
        self._properties = {
            **properties,
            "batch.num.messages": "1",
            "linger.ms": "0",
            # What it sends is a dead letter now and then: the figures of the main producer do.
            "statistics.interval.ms": "0",
        }
        self._dead_letter_topic = dead_letter_topic
        self._on_failure = on_failure
        self._log = BoundedLog(logger.error)
        self._log_too_large = BoundedLog(logger.warning, interval_s=60.0)
        #: Created at the first refusal; most publishers never see one.
        self._producer: Producer | None = None
        self._waiting: deque[tuple[CountedHandover, RefusedRecord]] = deque()

    @property
    def is_waiting(self) -> bool:
        """Whether records wait for room in the producer's queue."""
        return bool(self._waiting)

    def add(self, handover: CountedHandover, index: int, error: KafkaError) -> None:
        """Take the record at *index*, which was refused with *error*."""
        if error.code() in FINAL or error.code() == KafkaError._INVALID_DIFFERENT_RECORD:
            self._waiting.append((handover, RefusedRecord(handover, index)))
        else:
            self._on_failure(error)

    def add_from_request(self, handover: CountedHandover, index: int, error: KafkaError) -> None:
        """As `add`, for a record that was sent together with others."""
        log_too_large(self._log_too_large, handover.topic, error)
        self.add(handover, index, error)

    def proceed(self) -> None:
        """Send what waits. Raises BufferError when there is no room for all of it."""
        while self._waiting:
            if self._producer is None:
                self._producer = Producer(
                    {**self._properties, "error_cb": _ignore}, logger=LibrdkafkaLog()
                )
            self._send(self._producer, *self._waiting[0])
            self._waiting.popleft()

    def poll(self) -> None:
        """Act on what the producer has to report."""
        if self._producer is not None and (error := attempt(self._producer.poll, 0)) is not None:
            self._on_failure(error)

    def close(self) -> None:
        """Drop what is not confirmed."""
        if self._producer is not None:
            self._producer.purge(blocking=False)
            self._producer = None

    def _send(self, producer: Producer, handover: CountedHandover, record: RefusedRecord) -> None:
        topic, value, key, headers, timestamp = record.next_attempt(self._dead_letter_topic)
        delivered = partial(self._delivered, handover, record)
        try:
            producer.produce(
                topic, value, key, on_delivery=delivered, timestamp=timestamp, headers=headers
            )
        except KafkaException as error:
            delivered(error.args[0], None)

    def _delivered(
        self,
        handover: CountedHandover,
        record: RefusedRecord,
        error: KafkaError | None,
        _message: Message | None,
    ) -> None:
        if error is None:
            handover.confirm_one(record.reason)
        elif record.refuse(error, partial(self._log_refusal, handover, record.index)):
            self._waiting.append((handover, record))
        else:
            self._on_failure(error)

    def _log_refusal(self, handover: CountedHandover, index: int, error: KafkaError) -> None:
        log_dead_letter(self._log, handover, index, error, self._dead_letter_topic)


def _ignore(_error: KafkaError) -> None:
    """Ignore connection errors: the main producer reports them."""
