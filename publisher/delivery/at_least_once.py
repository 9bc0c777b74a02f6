"""At least once: after a crash of the publisher, what Kafka had confirmed may come again."""

from __future__ import annotations

import secrets
from collections.abc import Mapping

from common.frames import Kind
from common.settings import Settings
from publisher.counters import Counters
from publisher.delivery.counted_sink import CountedSink
from publisher.delivery.sink import Sink
from publisher.kafka.health import KafkaHealth
from publisher.kafka.properties import Cluster, producer_properties
from publisher.kafka.topics import Topic
from publisher.link.sequence import ReceivingLink


class AtLeastOnce:
    """What sessions are made of when a message may be there twice, but is never lost."""

    def __init__(
        self,
        settings: Settings,
        *,
        cluster: Cluster,
        topics: Mapping[Kind, str],
        counters: Counters,
        health: KafkaHealth,
    ) -> None:
        """Raises SettingsError when a KAFKA_CONF_* cannot be."""
        self._properties = producer_properties(settings, cluster)
        self._topics = topics
        self._dead_letter_topic = settings.kafka_topic_dead_letters
        self._counters = counters
        self._health = health

    @property
    def topics(self) -> list[Topic]:
        """Topics that are needed beside those of records and dead letters."""
        return []

    def open_sink(self) -> Sink:
        """Return the sink of a new session. Raises SettingsError."""
        return CountedSink(
            self._properties,
            topics=self._topics,
            dead_letter_topic=self._dead_letter_topic,
            counters=self._counters,
            health=self._health,
        )

    def begin(self, _sink: Sink) -> ReceivingLink:
        """Return what a new session knows of its readers: nothing."""
        return ReceivingLink(new_session())


def new_session() -> int:
    """Return a number that no other session has."""
    # 63 bits, so that it is a number of 64 bits wherever it is kept, signed or not.
    return secrets.randbits(63)
