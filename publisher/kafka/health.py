"""
Logs once when Kafka cannot be reached and once when it is back; logs when Kafka slows us down, and
forwards librdkafka's log.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial

from confluent_kafka import KafkaError, ThrottleEvent

from common.logs import BoundedLog

logger = logging.getLogger(__name__)

#: Facilities of lines about connections and transactions: errors report what matters of them.
_REPORTED_AS_ERRORS = {"FAIL", "ERROR", "TXNERR", "ADDPARTS", "FATAL"}

#: Seconds of a delay that is logged. Shorter ones are how Kafka keeps a client at its quota.
_LOG_THROTTLE_S = 1.0


class KafkaHealth:
    """
    Whether Kafka can be reached, as far as is known.

    librdkafka reports each failed attempt at each broker. It reports once that all brokers are
    down, before or after the cause. It reports success only by delivering records.
    """

    def __init__(self, brokers: str, on_change: Callable[[bool, str], None] | None = None) -> None:
        """*on_change* is called with whether a broker responds, and why not."""
        self._brokers = brokers
        self._on_change = on_change
        #: Whether the last that is known of a broker is a response.
        self._responds = False
        self._cause: KafkaError | None = None
        self._all_down = False
        self._logged: set[int] = set()
        self._log_throttle = BoundedLog(logger.warning, interval_s=60.0)

    @property
    def reachable(self) -> bool:
        """False from the first report that no broker can be reached until a broker responds."""
        return not self._logged

    def on_error(self, error: KafkaError) -> None:
        """Handle an error from librdkafka's error callback."""
        if error.code() == KafkaError._ALL_BROKERS_DOWN:
            self._all_down = True
        else:
            self._cause = error
        # Without a cause, a connection was only closed because it was idle; librdkafka reopens it.
        if self._all_down and self._cause is not None:
            self.unreachable(self._cause)

    def unreachable(self, error: KafkaError) -> None:
        """Log that no broker can be reached, and why: each kind of cause once per outage."""
        if error.code() in self._logged:
            return
        self._logged.add(error.code())
        self._responds = False
        text = f"Kafka at {self._brokers} cannot be reached: {error.str()}; trying again"
        logger.error("%s", text)
        if self._on_change is not None:
            self._on_change(False, text)

    def on_throttle(self, event: ThrottleEvent) -> None:
        """Handle an event from librdkafka's throttle callback: Kafka delays our next request."""
        if event.throttle_time >= _LOG_THROTTLE_S:
            self._log_throttle(
                "Kafka at %s delays what the publisher writes, by %.1f s now, because of a quota "
                "for its client.id or user; readers keep what they receive",
                self._brokers,
                event.throttle_time,
            )

    def answered(self) -> None:
        """Record that a broker has responded."""
        self._cause, self._all_down = None, False
        if not self._responds:
            self._responds = True
            if self._on_change is not None:
                self._on_change(True, "")
        if self._logged:
            self._logged.clear()
            logger.info("Kafka at %s is back", self._brokers)


class LibrdkafkaLog:
    """
    The logger to pass to librdkafka: forwards its lines to our log, at a limited rate.

    Each facility (librdkafka's word for the part that logs) has a limit of its own.
    """

    def __init__(self) -> None:
        self._bounded: dict[str, BoundedLog] = {}

    def log(self, level: int, message: str, *arguments: object) -> None:
        """Log a line of librdkafka; *arguments* are the facility, the client and the text."""
        facility = str(arguments[0]) if arguments else ""
        if level < logging.WARNING or facility in _REPORTED_AS_ERRORS:
            logger.debug(message, *arguments)
            return
        if facility not in self._bounded:
            self._bounded[facility] = BoundedLog(partial(logger.log, level))
        self._bounded[facility](message, *arguments)
