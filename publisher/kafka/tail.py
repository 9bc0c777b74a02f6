"""`python -m publisher tail`: prints the chat messages in the topic, and goes on with new ones."""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Iterator
from contextlib import closing

from confluent_kafka import Consumer, KafkaException, TopicPartition

from common import exit_codes
from common.logs import BoundedLog
from common.settings import Settings, SettingsError, read_environment
from publisher.kafka.cluster_finder import ClusterFinder
from publisher.kafka.health import KafkaHealth, LibrdkafkaLog
from publisher.kafka.properties import Cluster, connection_properties, rejected_property

logger = logging.getLogger(__name__)

#: Records of each partition to begin with.
_LAST = 10
_POLL_S = 0.5
_ANSWER_TIMEOUT_S = 2.0


def tail(settings: Settings, *, from_beginning: bool) -> int:
    """
    Print the value of each record in the topic, a line each, until Ctrl-C; return the exit code.

    Begins with the last 10 of each partition, or with all that there is. A cluster that is not
    there yet, or a topic, is waited for.
    """
    try:
        for value in _values(settings, from_beginning=from_beginning):
            sys.stdout.buffer.write(value + b"\n")
            sys.stdout.buffer.flush()
    except KeyboardInterrupt:
        pass
    except BrokenPipeError:
        # Whoever read us has enough. Python would complain when it flushes stdout at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except SettingsError as error:
        logger.error("%s", error)
        return exit_codes.SETTINGS
    return exit_codes.OK


def _values(settings: Settings, *, from_beginning: bool) -> Iterator[bytes]:
    """Yield the values of the topic, of one cluster after the other. Raises SettingsError."""
    finder = ClusterFinder(settings, read_environment(os.environ))
    while True:
        cluster = finder.find()
        if cluster is None:
            time.sleep(_POLL_S)
            continue
        logger.info("reading topic %s at %s", settings.kafka_topic_chat_messages, cluster.brokers)
        yield from _TopicReader(settings, cluster).values(finder, from_beginning=from_beginning)
        # A cluster that came up while we were waiting holds nothing that is older than that.
        from_beginning = True


class _TopicReader:
    """Reads the chat topic of one cluster, without joining a consumer group."""

    def __init__(self, settings: Settings, cluster: Cluster) -> None:
        """Raises SettingsError."""
        self._topic = settings.kafka_topic_chat_messages
        self._cluster = cluster
        self._health = KafkaHealth(cluster.brokers)
        self._log_error = BoundedLog(logger.warning)
        self._said_missing = False
        properties = {
            **connection_properties(settings, cluster),
            # librdkafka wants a name; with nothing subscribed or committed no group comes to be.
            "group.id": f"{settings.kafka_client_id}-tail",
            "enable.auto.commit": False,
            "error_cb": self._health.on_error,
        }
        try:
            self._consumer = Consumer(properties, logger=LibrdkafkaLog())
        except (KafkaException, TypeError, ValueError) as error:
            raise rejected_property(error) from None

    def values(self, finder: ClusterFinder, *, from_beginning: bool) -> Iterator[bytes]:
        """Yield values until *finder* finds another cluster."""
        with closing(self._consumer):
            while finder.find() == self._cluster and not self._begin(from_beginning):
                self._consumer.poll(_POLL_S)
            while finder.find() == self._cluster:
                is_back = not self._health.reachable and bool(self._partitions())
                # Whatever librdkafka tells of the outage comes now, and is older than the answer.
                yield from self._messages()
                if is_back:
                    self._health.answered()

    def _begin(self, from_beginning: bool) -> bool:
        """Set where to begin in each partition; return False while there is nothing to read."""
        partitions = self._partitions()
        try:
            offsets = [self._offset(number, from_beginning) for number in partitions]
        except KafkaException:
            return False  # said by KafkaHealth, or mended by the next attempt
        if offsets:
            self._consumer.assign(offsets)
        return bool(offsets)

    def _partitions(self) -> list[int]:
        """Return the topic's partitions, none while Kafka does not answer or has no such topic."""
        try:
            found = self._consumer.list_topics(self._topic, timeout=_ANSWER_TIMEOUT_S)
        except KafkaException:
            return []
        topic = found.topics[self._topic]
        if topic.error is not None and not self._said_missing:
            logger.info("topic %s is not there: %s; waiting", self._topic, topic.error.str())
            self._said_missing = True
        return [] if topic.error is not None else list(topic.partitions)

    def _offset(self, number: int, from_beginning: bool) -> TopicPartition:
        partition = TopicPartition(self._topic, number)
        first, end = self._consumer.get_watermark_offsets(partition, timeout=_ANSWER_TIMEOUT_S)
        offset = first if from_beginning else max(first, end - _LAST)
        return TopicPartition(self._topic, number, offset)

    def _messages(self) -> Iterator[bytes]:
        """Yield what there is until nothing comes for a moment."""
        while (message := self._consumer.poll(_POLL_S)) is not None:
            if (error := message.error()) is not None:
                self._log_error("topic %s: %s", self._topic, error.str())
                return
            yield message.value() or b""
