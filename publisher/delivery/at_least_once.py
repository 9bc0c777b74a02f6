"""At-least-once sessions: after a crash of the publisher, records may be written twice."""

from __future__ import annotations

from collections.abc import Mapping

from common.frames import Kind
from common.settings import Settings
from publisher.books import Books
from publisher.delivery.counted_sink import CountedSink
from publisher.delivery.handover import wants_ids
from publisher.delivery.sink import Sink
from publisher.kafka.health import KafkaHealth
from publisher.kafka.properties import Cluster, producer_properties
from publisher.link.sequence import ReceivingLink, new_session


class AtLeastOnce:
    """Opens the sinks and links of at-least-once sessions."""

    def __init__(
        self,
        settings: Settings,
        *,
        cluster: Cluster,
        topics: Mapping[Kind, str],
        books: Books,
        health: KafkaHealth,
    ) -> None:
        """Raises SettingsError when a KAFKA_CONF_* is not allowed."""
        self._properties = producer_properties(settings, cluster)
        self._topics = topics
        self._dead_letter_topic = settings.kafka_topic_dead_letters
        self._books = books
        self._health = health
        self._with_ids = wants_ids(settings)

    def open_sink(self) -> Sink:
        """Return the sink of a new session. Raises SettingsError."""
        return CountedSink(
            self._properties,
            topics=self._topics,
            dead_letter_topic=self._dead_letter_topic,
            books=self._books,
            health=self._health,
            with_ids=self._with_ids,
        )

    def begin(self, _sink: Sink) -> ReceivingLink:
        """Return the link of a new session, which knows nothing of its readers yet."""
        return ReceivingLink(new_session())
