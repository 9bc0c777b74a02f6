"""`twitch-ingestion tail`: prints the chat messages in the topic, and then new ones."""

from __future__ import annotations

import argparse
import logging
import os
import sys
import time
from collections.abc import Iterator
from contextlib import closing

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from common import exit_codes
from common.arguments import main_of
from common.logs import BoundedLog
from common.settings import Settings, SettingsError, read_environment
from common.settings_help import settings_help
from common.startup import settings_are_wrong, start
from publisher.kafka.cluster_finder import ClusterFinder
from publisher.kafka.health import KafkaHealth, LibrdkafkaLog
from publisher.kafka.permissions import is_hidden
from publisher.kafka.properties import Cluster, connection_properties
from publisher.kafka.property_errors import rejected_properties

logger = logging.getLogger(__name__)

#: Records of each partition to print first.
_LAST = 10
_POLL_S = 0.5
_RESPONSE_TIMEOUT_S = 2.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command to *parser*."""
    parser.description = (
        "Print the value of each record in the topic, one per line, until Ctrl-C. Waits for a"
        " cluster or a topic that does not exist yet."
    )
    parser.epilog = settings_help("tail")
    parser.add_argument(
        "--from-beginning",
        action="store_true",
        help="print all of it, not only the last 10 of each partition",
    )


def run(options: argparse.Namespace) -> int:
    """Print the records until Ctrl-C; return the exit code."""
    settings = start("tail")
    try:
        for value in _values(settings, from_beginning=options.from_beginning):
            sys.stdout.buffer.write(value + b"\n")
            sys.stdout.buffer.flush()
    except KeyboardInterrupt:
        pass
    except BrokenPipeError:
        # The reading end of our pipe is closed. Without this, Python's flush on exit would fail.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except SettingsError as error:
        return settings_are_wrong(error)
    return exit_codes.OK


def _values(settings: Settings, *, from_beginning: bool) -> Iterator[bytes]:
    """Yield the topic's values, from one cluster after the other. Raises SettingsError."""
    finder = ClusterFinder(settings, read_environment(os.environ))
    while True:
        cluster = finder.find()
        if cluster is None:
            time.sleep(_POLL_S)
            continue
        logger.info("reading topic %s at %s", settings.kafka_topic_chat_messages, cluster.brokers)
        yield from _TopicReader(settings, cluster).values(finder, from_beginning=from_beginning)
        # All records of a cluster that started while we waited are new.
        from_beginning = True


class _TopicReader:
    """Reads the chat topic of one cluster, without joining a consumer group."""

    def __init__(self, settings: Settings, cluster: Cluster) -> None:
        """Raises SettingsError."""
        self._topic = settings.kafka_topic_chat_messages
        self._cluster = cluster
        self._health = KafkaHealth(cluster.brokers)
        self._log_error = BoundedLog(logger.warning)
        self._logged_missing = False
        properties = {
            **connection_properties(settings, cluster),
            # librdkafka requires a name; without subscriptions and commits no group is created.
            "group.id": f"{settings.kafka_client_id}-tail",
            "enable.auto.commit": False,
            "error_cb": self._health.on_error,
        }
        try:
            self._consumer = Consumer(properties, logger=LibrdkafkaLog())
        except (KafkaException, TypeError, ValueError) as error:
            raise rejected_properties(error, properties) from None

    def values(self, finder: ClusterFinder, *, from_beginning: bool) -> Iterator[bytes]:
        """Yield values until *finder* finds another cluster."""
        with closing(self._consumer):
            while finder.find() == self._cluster and not self._begin(from_beginning):
                self._consumer.poll(_POLL_S)
            while finder.find() == self._cluster:
                is_back = not self._health.reachable and bool(self._partitions())
                # librdkafka's reports of the outage arrive now, and are older than the response.
                yield from self._messages()
                if is_back:
                    self._health.answered()

    def _begin(self, from_beginning: bool) -> bool:
        """Set the first offset of each partition; return False while there is nothing to read."""
        partitions = self._partitions()
        try:
            offsets = [self._offset(number, from_beginning) for number in partitions]
        except KafkaException:
            return False  # KafkaHealth logs it, or the next attempt succeeds
        if offsets:
            self._consumer.assign(offsets)
        return bool(offsets)

    def _partitions(self) -> list[int]:
        """Return the topic's partitions; none while Kafka does not respond or has no such topic."""
        try:
            found = self._consumer.list_topics(self._topic, timeout=_RESPONSE_TIMEOUT_S)
        except KafkaException:
            return []
        topic = found.topics[self._topic]
        if topic.error is None:
            return list(topic.partitions)
        if not self._logged_missing:
            self._logged_missing = True
            self._log_missing(topic.error)
        return []

    def _log_missing(self, error: KafkaError) -> None:
        if is_hidden(error):
            logger.error(
                "Kafka's ACLs do not let this client use topic %s: it needs Read on topic %s; "
                "waiting until it is granted",
                self._topic,
                self._topic,
            )
        else:
            logger.info("topic %s does not exist: %s; waiting for it", self._topic, error.str())

    def _offset(self, number: int, from_beginning: bool) -> TopicPartition:
        partition = TopicPartition(self._topic, number)
        first, end = self._consumer.get_watermark_offsets(partition, timeout=_RESPONSE_TIMEOUT_S)
        offset = first if from_beginning else max(first, end - _LAST)
        return TopicPartition(self._topic, number, offset)

    def _messages(self) -> Iterator[bytes]:
        """Yield values until none arrives for _POLL_S."""
        while (message := self._consumer.poll(_POLL_S)) is not None:
            if (error := message.error()) is not None:
                # Other errors are about the group, which we do not use.
                if message.topic() is not None:
                    needs = ": it needs Read on it" if is_hidden(error) else ""
                    self._log_error("topic %s: %s%s", self._topic, error.str(), needs)
                return
            yield message.value() or b""


if __name__ == "__main__":
    sys.exit(main_of("python -m publisher.kafka.tail", add_arguments, run))
