"""Reads the topics of one cluster for `tail`, without joining a consumer group."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from common.logs import BoundedLog
from common.settings import Settings
from publisher.kafka.health import KafkaHealth, LibrdkafkaLog
from publisher.kafka.permissions import is_hidden
from publisher.kafka.properties import Cluster, connection_properties
from publisher.kafka.property_errors import explaining_rejections
from publisher.tail.cluster_finder import ClusterFinder
from publisher.tail.json_lines import is_of
from publisher.tail.start import RESPONSE_TIMEOUT_S, Start

logger = logging.getLogger(__name__)

POLL_S = 0.5

_Partition = tuple[str, int]


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
        #: The last records of each partition that are searched, up to an offset.
        self._held: dict[_Partition, tuple[deque[Message], int]] = {}
        #: The partitions of which all records so far are too old.
        self._too_old: set[_Partition] = set()
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

    def _set_offset(self, partition: TopicPartition) -> None:
        has_times = not self._cluster.embedded
        place = partition.topic, partition.partition
        first, end = self._consumer.get_watermark_offsets(partition, timeout=RESPONSE_TIMEOUT_S)
        if self._searches:
            self._held[place] = deque(maxlen=self._start.last), end
        elif self._start.since_ms is not None and not has_times:
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
                yield from self._wanted(message)
            elif error.code() == KafkaError._PARTITION_EOF:
                yield from self._released(_place(message))
            else:
                # Other errors are about the group, which we do not use.
                if message.topic() is not None:
                    needs = ": it needs Read on it" if is_hidden(error) else ""
                    self._log_error("topic %s: %s%s", message.topic(), error.str(), needs)
                return

    def _wanted(self, message: Message) -> Iterator[Message]:
        """Yield *message* if it is to be printed now, after those that were held before it."""
        place = _place(message)
        if place in self._too_old:
            if message.timestamp()[1] < (self._start.since_ms or 0):
                return
            self._too_old.discard(place)
        is_wanted = not self._channels or is_of(self._channels, message)
        if place not in self._held:
            if is_wanted:
                yield message
            return
        held, end = self._held[place]
        offset = message.offset() or 0
        if offset < end and is_wanted:
            held.append(message)
        if offset >= end - 1:
            yield from self._released(place)
        if offset >= end and is_wanted:
            yield message

    def _released(self, place: _Partition) -> Iterator[Message]:
        """Yield what was held of a partition that was read to where it ended at the start."""
        held, _ = self._held.pop(place, (deque[Message](), 0))
        yield from held
        self._too_old.discard(place)


def _place(message: Message) -> _Partition:
    return message.topic() or "", message.partition() or 0


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
