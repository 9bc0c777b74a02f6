"""
The base of both sinks: owns the producer, and confirms each batch that Kafka has written.

There is one sink for each kind of delivery. Each sink handles its own per-record errors. An error
that makes the producer unusable is stored in `failure`, and the sink cannot be used any more. The
next session opens a new one, and the readers send again what was not confirmed.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping

from confluent_kafka import KafkaError, KafkaException, Producer

from common.frames import Batch, Kind
from publisher.books import Books
from publisher.kafka.health import KafkaHealth, LibrdkafkaLog
from publisher.kafka.property_errors import explaining_rejections
from publisher.link.sequence import Delivery

#: The partition number that lets librdkafka choose one by the key (RD_KAFKA_PARTITION_UA). Where
#: `produce` is called for every message, its arguments are positional: keywords cost a quarter of
#: the call, 0.35 of 1.3 microseconds.
BY_KEY = -1


class Sink(ABC):
    """Takes batches, and confirms them while `poll` is called."""

    def __init__(
        self,
        properties: Mapping[str, str | bool],
        *,
        topics: Mapping[Kind, str],
        books: Books,
        health: KafkaHealth,
        with_ids: bool,
    ) -> None:
        """
        *topics* are those of the records; none for events if they are switched off. *with_ids* adds
        the records' ids to their headers.

        Raises SettingsError when librdkafka does not accept the *properties*.
        """
        self._topics = topics
        self._books = books
        self._health = health
        self._with_ids = with_ids
        #: How many times Kafka has confirmed something.
        self.confirmations = 0
        #: What made the sink unusable.
        self.failure: KafkaError | None = None
        with explaining_rejections(properties):
            self.producer = Producer(
                {
                    **properties,
                    "error_cb": health.on_error,
                    "throttle_cb": health.on_throttle,
                    "stats_cb": books.note_statistics,
                },
                logger=LibrdkafkaLog(),
            )

    @property
    def unconfirmed(self) -> int:
        """Records of the batches that were taken and are not confirmed, duplicates included."""
        return self._books.unconfirmed

    @property
    @abstractmethod
    def is_full(self) -> bool:
        """Whether no batch can be taken now."""

    @abstractmethod
    def take(self, delivery: Delivery, batch: Batch) -> None:
        """Take a batch, which is confirmed when Kafka has it. Do not call it when `is_full`."""

    @abstractmethod
    def proceed(self) -> None:
        """Produce what there was no room for."""

    @abstractmethod
    def poll(self, timeout_s: float) -> None:
        """Wait for the producer's reports for up to *timeout_s* seconds, and handle them."""

    @abstractmethod
    def flush(self, timeout_s: float) -> None:
        """As `poll`, but have everything confirmed as soon as possible."""

    def _topic_of(self, batch: Batch) -> str:
        """Return the topic of *batch*; empty if it has none, for events that are switched off."""
        return self._topics.get(batch.kind, "")

    def ask(self) -> None:
        """Check whether Kafka can be reached again: without traffic, nothing else would show it."""
        try:
            self.producer.list_topics(self._topics[Kind.CHAT], timeout=0.5)
        except KafkaException:
            return
        self._serve(self.producer.poll, 0)  # what it reports is older than the response
        self._health.answered()

    def fail(self, error: KafkaError) -> None:
        """Note that *error* has made the sink unusable. The first error is kept."""
        if self.failure is None:
            self.failure = error

    def close(self) -> None:
        """Drop what is not confirmed, and close the producer."""
        self.producer.purge(blocking=False)
        del self.producer
        # The producer reports nothing any more.
        self._books.abandon()

    def _serve(self, wait: Callable[[float], object], timeout_s: float) -> None:
        """Let the producer call back, by its `poll` or `flush` (*wait*)."""
        if (error := attempt(wait, timeout_s)) is not None:
            self.fail(error)


def attempt(call: Callable[[float], object], timeout_s: float) -> KafkaError | None:
    """
    Make a *call* that lets a producer call back; return its error, or None.

    confluent_kafka raises a fatal error from the call during which it is reported, instead of
    passing it to the `error_cb`. If that call then reports something else, Python finds an
    exception that is already set, and raises SystemError.
    """
    try:
        call(timeout_s)
    except KafkaException as error:
        return _reason(error)
    except SystemError as error:
        if not isinstance(error.__cause__, KafkaException):
            raise
        return _reason(error.__cause__)
    return None


def _reason(error: KafkaException) -> KafkaError:
    reason: KafkaError = error.args[0]
    return reason
