"""
What becomes of records that Kafka has refused for good.

1. Kafka answers for a whole request. So each record of a refused one is sent once more, alone, by a
   producer that puts one record into a request; most turn out to be fine. They come behind what was
   sent since: the only way in which records of a reader can change their order.
2. What is refused alone goes to the dead-letter topic, and counts as confirmed once it is there.
3. What is too large even as a dead letter goes there bare, without key and value.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Mapping
from functools import partial

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from common.logs import BoundedLog
from publisher.counters import Counters
from publisher.delivery.dead_letters import FINAL, TOO_LARGE, dead_letter, log_refusal
from publisher.delivery.handover import CountedHandover, Headers
from publisher.delivery.sink import attempt
from publisher.kafka.health import LibrdkafkaLog

logger = logging.getLogger(__name__)

OnDelivery = Callable[[KafkaError | None, Message | None], None]


class Refusals:
    """Finds a place for each refused record; what is no refusal is handed to *on_failure*."""

    def __init__(
        self,
        properties: Mapping[str, str],
        *,
        dead_letter_topic: str,
        counters: Counters,
        on_failure: Callable[[KafkaError], None],
    ) -> None:
        self._properties = {**properties, "batch.num.messages": "1", "linger.ms": "0"}
        self._dead_letter_topic = dead_letter_topic
        self._counters = counters
        self._on_failure = on_failure
        self._log = BoundedLog(logger.error)
        #: Made when it is needed, which it hardly ever is.
        self._producer: Producer | None = None
        self._waiting: deque[Callable[[Producer], None]] = deque()

    @property
    def is_waiting(self) -> bool:
        """Whether records wait for room in the producer's queue."""
        return bool(self._waiting)

    def add(self, handover: CountedHandover, index: int, error: KafkaError) -> None:
        """Take a record that was refused with *error*, possibly for its neighbours' sake."""
        if error.code() in FINAL or error.code() == KafkaError._INVALID_DIFFERENT_RECORD:
            self._waiting.append(partial(self._send_alone, handover, index))
        else:
            self._on_failure(error)

    def proceed(self) -> None:
        """Send what waits. Raises BufferError when there is no room for it all."""
        while self._waiting:
            if self._producer is None:
                self._producer = Producer(
                    {**self._properties, "error_cb": _told_elsewhere}, logger=LibrdkafkaLog()
                )
            self._waiting[0](self._producer)
            self._waiting.popleft()

    def poll(self) -> None:
        """Act on what the producer has to report."""
        if self._producer is not None and (error := attempt(self._producer.poll, 0)) is not None:
            self._on_failure(error)

    def close(self) -> None:
        """Give up what has found no place."""
        if self._producer is not None:
            self._producer.purge(blocking=False)
            self._producer = None

    def _send_alone(self, handover: CountedHandover, index: int, producer: Producer) -> None:
        record = handover.records[index]

        def delivered(error: KafkaError | None, _message: Message | None) -> None:
            if error is None:
                handover.confirm_one()
            elif error.code() in FINAL:
                log_refusal(self._log, handover, index, error, self._dead_letter_topic)
                send = partial(self._send_dead_letter, handover, index, error, False)
                self._waiting.append(send)
            else:
                self._on_failure(error)

        _produce(
            producer,
            handover.topic,
            record.value,
            record.key,
            headers=handover.headers(index),
            timestamp=record.timestamp,
            on_delivery=delivered,
        )

    def _send_dead_letter(
        self,
        handover: CountedHandover,
        index: int,
        reason: KafkaError,
        bare: bool,
        producer: Producer,
    ) -> None:
        value, key, headers = dead_letter(handover, index, reason, bare=bare)

        def delivered(error: KafkaError | None, _message: Message | None) -> None:
            if error is None:
                self._counters.dead_letters += 1
                handover.confirm_one()
            elif error.code() in TOO_LARGE and not bare:
                send = partial(self._send_dead_letter, handover, index, reason, True)
                self._waiting.append(send)
            else:
                self._on_failure(error)

        _produce(
            producer, self._dead_letter_topic, value, key, headers=headers, on_delivery=delivered
        )


def _told_elsewhere(_error: KafkaError) -> None:
    """Leave it to the other producer to tell whether Kafka can be reached."""


def _produce(
    producer: Producer,
    topic: str,
    value: bytes,
    key: bytes | None,
    *,
    headers: Headers,
    on_delivery: OnDelivery,
    timestamp: int = 0,
) -> None:
    """Produce a record, of now if there is no *timestamp*. Raises BufferError when it is full."""
    try:
        producer.produce(
            topic, value, key, on_delivery=on_delivery, timestamp=timestamp, headers=headers
        )
    except KafkaException as error:
        on_delivery(error.args[0], None)
