"""Reads the topics of one cluster for `tail`, without joining a consumer group."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from common.logs import BoundedLog
from common.settings import Settings
from publisher.kafka.health import KafkaHealth, LibrdkafkaLog
from publisher.kafka.permissions import is_hidden
from publisher.kafka.properties import Cluster, connection_properties
from publisher.kafka.property_errors import explaining_rejections
from publisher.tail.catch_up import CatchUp, Partition, place_of
from publisher.tail.cluster_finder import ClusterFinder
from publisher.tail.origins import is_of
from publisher.tail.start import RESPONSE_TIMEOUT_S, Start

logger = logging.getLogger(__name__)

POLL_S = 0.5


class TailReader:
    """Yields the records of *topics* in *cluster*, of *channels* only if there are any."""

    def __init__(
        self,
        settings: Settings,
        cluster: Cluster,
        *,
        topics: Sequence[str],
        channels: Collection[str],
        start: Start,
    ) -> None:
        """Raises SettingsError."""
        self._topics = topics
        self._cluster = cluster
        self._channels = channels
        self._start = start
        self._searches = bool(channels) and start.since_ms is None and not start.from_beginning
        self._catch_up = self._new_catch_up()
        #: The partitions of which all records so far are too old.
        self._too_old: set[Partition] = set()
        self._health = KafkaHealth(cluster.brokers)
        self._log_error = BoundedLog(logger.warning)
        self._logged_missing: set[str] = set()
        properties = {
            **connection_properties(settings, cluster),
            # librdkafka requires a name; without subscriptions and commits no group is created.
            "group.id": f"{settings.kafka_client_id}-tail",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "error_cb": self._health.on_error,
        }
        with explaining_rejections(properties):
            self._consumer = Consumer(properties, logger=LibrdkafkaLog())

    def records(self, finder: ClusterFinder) -> Iterator[Message]:
        """Yield records until *finder* finds another cluster."""
        with closing(self._consumer):
            while finder.find() == self._cluster and not self._begin():
                self._consumer.poll(POLL_S)
            while finder.find() == self._cluster:
                is_back = not self._health.reachable and bool(self._partitions(self._topics[0]))
                # librdkafka's reports of the outage arrive now, and are older than the response.
                yield from self._polled()
                if is_back:
                    self._health.answered()

    def _begin(self) -> bool:
        """Set the first offset of each partition; return False while there is nothing to read."""
        self._catch_up = self._new_catch_up()
        partitions = []
        for topic in self._topics:
            found = self._partitions(topic)
            if not found:
                return False
            partitions += [TopicPartition(topic, number) for number in found]
        try:
            for partition in partitions:
                self._set_offset(partition)
        except KafkaException:
            return False  # KafkaHealth logs it, or the next attempt succeeds
        self._consumer.assign(partitions)
        return True

    def _new_catch_up(self) -> CatchUp:
        return CatchUp(self._start.last if self._searches else None)

    def _set_offset(self, partition: TopicPartition) -> None:
        has_times = not self._cluster.embedded
        place = partition.topic, partition.partition
        first, end = self._consumer.get_watermark_offsets(partition, timeout=RESPONSE_TIMEOUT_S)
        self._catch_up.expect(place, end)
        if self._start.since_ms is not None and not has_times:
            self._too_old.add(place)
        partition.offset = self._start.offset(
            self._consumer,
            partition,
            between=(first, end),
            search=self._searches,
            has_times=has_times,
        )

    def _partitions(self, topic: str) -> list[int]:
        """Return the topic's partitions; none while Kafka does not respond or has no such topic."""
        try:
            found = self._consumer.list_topics(topic, timeout=RESPONSE_TIMEOUT_S).topics[topic]
        except KafkaException:
            return []
        if found.error is None:
            return list(found.partitions)
        if topic not in self._logged_missing:
            self._logged_missing.add(topic)
            _log_missing(topic, found.error)
        return []

    def _polled(self) -> Iterator[Message]:
        """Yield records until none arrives for POLL_S."""
        while (message := self._consumer.poll(POLL_S)) is not None:
            error = message.error()
            if error is None:
                yield from self._catch_up.take(message, is_wanted=self._is_wanted(message))
            elif error.code() == KafkaError._PARTITION_EOF:
                self._too_old.discard(place_of(message))
                yield from self._catch_up.reach_end(place_of(message))
            else:
                # Other errors are about the group, which we do not use.
                if message.topic() is not None:
                    needs = ": it needs Read on it" if is_hidden(error) else ""
                    self._log_error("topic %s: %s%s", message.topic(), error.str(), needs)
                break
        yield from self._catch_up.due()

    def _is_wanted(self, message: Message) -> bool:
        place = place_of(message)
        if place in self._too_old:
            if message.timestamp()[1] < (self._start.since_ms or 0):
                return False
            self._too_old.discard(place)
        return not self._channels or is_of(self._channels, message)


def _log_missing(topic: str, error: KafkaError) -> None:
    if is_hidden(error):
        logger.error(
            "Kafka's ACLs do not let this client use topic %s: it needs Read on topic %s; "
            "waiting until it is granted",
            topic,
            topic,
        )
    else:
        logger.info("topic %s does not exist: %s; waiting for it", topic, error.str())
