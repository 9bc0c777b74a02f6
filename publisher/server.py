"""
Runs the publisher's sessions, one after the other.

Each has its own producer, and what readers know of an earlier one is void: they send again from
their oldest record that was not acknowledged. A session begins when the publisher starts, and when
the producer of the one before has become unusable.
"""

from __future__ import annotations

import logging
import secrets

from common.frames import Kind
from common.logs import BoundedLog
from common.settings import Settings
from publisher.counters import Counters
from publisher.kafka_health import KafkaHealth
from publisher.kafka_properties import Cluster, connection_properties, producer_properties
from publisher.link import Link
from publisher.session import Session
from publisher.sink import Sink
from publisher.sockets import LinkSockets
from publisher.stop_signals import StopSignals
from publisher.topics import Topics, wait_for_topics

logger = logging.getLogger(__name__)

_RETRY_MIN_S = 1.0
_RETRY_MAX_S = 30.0


class Server:
    """Publishes what comes through *sockets* to *cluster*, until *stop* asks to end."""

    def __init__(
        self, settings: Settings, *, cluster: Cluster, sockets: LinkSockets, stop: StopSignals
    ) -> None:
        """Raises SettingsError when a KAFKA_CONF_* cannot be."""
        self._topics = {
            Kind.CHAT: settings.kafka_topic_chat_messages,
            Kind.GAP: settings.kafka_topic_chat_gaps,
        }
        self._dead_letter_topic = settings.kafka_topic_dead_letters
        self._partitions = settings.kafka_topic_partitions
        self._connection = connection_properties(settings, cluster)
        self._properties = producer_properties(settings, cluster)
        self._cluster = cluster
        self._sockets = sockets
        self._stop = stop
        self._counters = Counters()
        self._health = KafkaHealth(cluster.brokers)
        self._log_failure = BoundedLog(logger.error, interval_s=60.0)

    def run(self) -> None:
        """Run sessions. Raises SettingsError when librdkafka does not accept a KAFKA_CONF_*."""
        retry_s = 0.0
        while not self._stop.wait(retry_s):
            confirmed = self._counters.confirmed
            sink = self._open_sink()
            try:
                self._run_session(sink)
            finally:
                sink.close()
            if sink.failure is not None:
                self._log_failure(
                    "Kafka's client has failed: %s: %s; starting a new session, in which readers "
                    "send again what was not confirmed",
                    sink.failure.name(),
                    sink.failure.str(),
                )
            progressed = self._counters.confirmed > confirmed
            retry_s = _RETRY_MIN_S if progressed else _longer(retry_s)

    def _open_sink(self) -> Sink:
        return Sink(
            self._properties,
            topics=self._topics,
            dead_letter_topic=self._dead_letter_topic,
            counters=self._counters,
            health=self._health,
        )

    def _run_session(self, sink: Sink) -> None:
        names = {*self._topics.values(), self._dead_letter_topic}
        if not wait_for_topics(
            Topics(sorted(names), self._partitions),
            producer=sink.producer,
            properties=self._connection,
            health=self._health,
            stop=self._stop,
        ):
            return
        # 63 bits, so that it is a number of 64 bits wherever it is kept, signed or not.
        session_id = secrets.randbits(63)
        logger.info("Kafka at %s is ready: session %016x", self._cluster.brokers, session_id)
        session = Session(
            Link(session_id),
            sink,
            sockets=self._sockets,
            stop=self._stop,
            counters=self._counters,
            health=self._health,
        )
        session.run()
        if self._stop.requested:
            session.drain()


def _longer(retry_s: float) -> float:
    return min(max(retry_s * 2, _RETRY_MIN_S), _RETRY_MAX_S)
