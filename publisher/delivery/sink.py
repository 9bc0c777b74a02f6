"""
The way into Kafka: owns the one producer, and confirms each batch that Kafka has.

There are two of them, one for each kind of delivery. What is wrong with a record, and what to do
about it, is theirs; an error that makes the producer unusable is told by `failure`, and then the
sink is of no further use. A new one, in a new session, gets from the readers what was not
confirmed.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping

from confluent_kafka import KafkaError, KafkaException, Producer

from common.frames import Batch, Kind
from publisher.counters import Counters
from publisher.kafka.health import KafkaHealth, LibrdkafkaLog
from publisher.kafka.properties import rejected_property
from publisher.link.sequence import Delivery

#: The partition that lets librdkafka choose one, by the key (RD_KAFKA_PARTITION_UA). The arguments
#: of `produce` are given by position where it is called for every message: names cost a quarter of
#: the call, 0.35 of 1.3 microseconds.
BY_KEY = -1


class Sink(ABC):
    """Takes batches, and confirms them while `poll` is called."""

    def __init__(
        self,
        properties: Mapping[str, str | bool],
        *,
        topics: Mapping[Kind, str],
        counters: Counters,
        health: KafkaHealth,
    ) -> None:
        """Raises SettingsError when librdkafka does not accept the *properties*."""
        self._topics = topics
        self._counters = counters
        self._health = health
        #: Records of the batches that were taken and are not confirmed, with what was left out.
        self.unconfirmed = 0
        #: How often Kafka has confirmed something.
        self.confirmations = 0
        #: What made the sink unusable.
        self.failure: KafkaError | None = None
        try:
            self.producer = Producer(
                {**properties, "error_cb": health.on_error}, logger=LibrdkafkaLog()
            )
        except (KafkaException, TypeError, ValueError) as error:
            raise rejected_property(error) from None

    @property
    @abstractmethod
    def is_full(self) -> bool:
        """Whether no batch can be taken now."""

    @abstractmethod
    def take(self, delivery: Delivery, batch: Batch) -> None:
        """Take a batch, which is confirmed when Kafka has it. Not to be called when `is_full`."""

    @abstractmethod
    def proceed(self) -> None:
        """Hand on what there was no room for."""

    @abstractmethod
    def poll(self, timeout_s: float) -> None:
        """Wait so long, or until something is reported, and act on that."""

    @abstractmethod
    def flush(self, timeout_s: float) -> None:
        """As `poll`, but have what there is confirmed as soon as Kafka can."""

    def ask(self) -> None:
        """Find out whether Kafka can be reached again; without traffic nothing else would tell."""
        try:
            self.producer.list_topics(self._topics[Kind.CHAT], timeout=0.5)
        except KafkaException:
            return
        self._serve(self.producer.poll, 0)  # what it has to tell is older than the answer
        self._health.answered()

    def fail(self, error: KafkaError) -> None:
        """Note that *error* has made the sink unusable; the first one counts."""
        if self.failure is None:
            self.failure = error

    def close(self) -> None:
        """Give up what is not confirmed, and end the producer."""
        self.producer.purge(blocking=False)
        del self.producer

    def _serve(self, wait: Callable[[float], object], timeout_s: float) -> None:
        """Let the producer report, by its `poll` or `flush`."""
        if (error := attempt(wait, timeout_s)) is not None:
            self.fail(error)


def attempt(call: Callable[[float], object], timeout_s: float) -> KafkaError | None:
    """
    Make a *call* to a producer that may report, and return what is wrong, if anything.

    A fatal error is raised by confluent_kafka wherever it happens to be reported, and not given to
    the `error_cb`. If the same call goes on to report something else, Python finds the exception
    where there should be none, and makes it a SystemError.
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
