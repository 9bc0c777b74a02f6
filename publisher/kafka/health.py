"""Says when Kafka cannot be reached and when it is back, once each; and passes on what it logs."""

from __future__ import annotations

import logging
from functools import partial

from confluent_kafka import KafkaError

from common.logs import BoundedLog

logger = logging.getLogger(__name__)

#: librdkafka's lines about connections and transactions: what matters comes as an error too.
_TOLD_AS_ERRORS = {"FAIL", "ERROR", "TXNERR", "FATAL"}


class KafkaHealth:
    """
    Whether Kafka can be reached, as far as is known.

    librdkafka reports each failed attempt at each broker; that all of them are down once, before or
    after the cause; and success only by delivering records.
    """

    def __init__(self, brokers: str) -> None:
        self._brokers = brokers
        self._cause: KafkaError | None = None
        self._all_down = False
        self._said: set[int] = set()

    @property
    def reachable(self) -> bool:
        """False from the first sign that no broker can be reached until one answers."""
        return not self._said

    def on_error(self, error: KafkaError) -> None:
        """Take what librdkafka's error callback tells."""
        if error.code() == KafkaError._ALL_BROKERS_DOWN:
            self._all_down = True
        else:
            self._cause = error
        # A connection that was only closed, for having been idle, is made again without any cause.
        if self._all_down and self._cause is not None:
            self.unreachable(self._cause)

    def unreachable(self, error: KafkaError) -> None:
        """Say that no broker can be reached, and why: each kind of cause once an outage."""
        if error.code() in self._said:
            return
        self._said.add(error.code())
        logger.error("Kafka at %s cannot be reached: %s; trying again", self._brokers, error.str())

    def answered(self) -> None:
        """Take notice that a broker has answered."""
        self._cause, self._all_down = None, False
        if self._said:
            self._said.clear()
            logger.info("Kafka at %s is back", self._brokers)


class LibrdkafkaLog:
    """
    What librdkafka wants as its logger: passes its lines on to our log, under a bound.

    Each facility (librdkafka's word for the part that speaks) has a bound of its own.
    """

    def __init__(self) -> None:
        self._bounded: dict[str, BoundedLog] = {}

    def log(self, level: int, message: str, *arguments: object) -> None:
        """Log librdkafka's line: facility, client and text are the *arguments*."""
        facility = str(arguments[0]) if arguments else ""
        if level < logging.WARNING or facility in _TOLD_AS_ERRORS:
            logger.debug(message, *arguments)
            return
        if facility not in self._bounded:
            self._bounded[facility] = BoundedLog(partial(logger.log, level))
        self._bounded[facility](message, *arguments)
