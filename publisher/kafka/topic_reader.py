"""Reads a topic up to the end that it has at the start, without joining a consumer group."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping

from confluent_kafka import (
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    TopicPartition,
)

from publisher.kafka.health import KafkaHealth, LibrdkafkaLog

logger = logging.getLogger(__name__)

_RESPONSE_TIMEOUT_S = 5.0
#: Messages to request at once. Fewer are returned only at the timeout, so the timeout is short.
_AT_ONCE = 1000
_POLL_S = 0.02
#: Seconds without progress after which a warning is logged.
_WARN_AFTER_S = 3.0


def open_consumer(
    properties: Mapping[str, str], isolation: str, health: KafkaHealth | None = None
) -> Consumer:
    """Return a consumer with *isolation* level and the *properties* of the connection."""
    return Consumer(
        {
            **properties,
            # librdkafka requires a name; no group is joined, and nothing is committed.
            "group.id": f"{properties['client.id']}-publisher",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "auto.offset.reset": "earliest",
            "isolation.level": isolation,
            # Do not wait at the end of a partition: later records are not needed.
            "fetch.wait.max.ms": 10,
            # Memory for prefetched messages; more is not faster.
            "queued.max.messages.kbytes": 8 * 1024,
            "error_cb": health.on_error if health else _ignore,
        },
        logger=LibrdkafkaLog(),
    )


def watermarks(
    consumer: Consumer, topic: str, go_on: Callable[[], bool]
) -> dict[int, tuple[int, int]] | None:
    """
    Return each partition's first offset and end offset.

    Each partition is a request that may take seconds. *go_on* is called before each of them; once
    it returns False, this returns None. Raises KafkaException.
    """
    found = consumer.list_topics(topic, timeout=_RESPONSE_TIMEOUT_S).topics[topic]
    if found.error is not None:
        raise KafkaException(found.error)
    spans = {}
    for number in found.partitions:
        if not go_on():
            return None
        partition = TopicPartition(topic, number)
        spans[number] = consumer.get_watermark_offsets(partition, _RESPONSE_TIMEOUT_S)
    return spans


def read(
    consumer: Consumer, topic: str, spans: Mapping[int, tuple[int, int]]
) -> Iterator[Message | None]:
    """
    Yield the messages in *spans* of offsets, by partition, and None at each poll.

    Later messages may be among them. Waits while Kafka is away. Raises KafkaException when Kafka
    refuses to let us read.
    """
    consumer.assign([TopicPartition(topic, number, start) for number, (start, _) in spans.items()])
    unread = {number for number, (_, end) in spans.items() if end > 0}
    has_warned, warn_at = False, time.monotonic() + _WARN_AFTER_S
    while unread:
        messages = consumer.consume(_AT_ONCE, timeout=_POLL_S)
        if messages:
            warn_at = time.monotonic() + _WARN_AFTER_S
        elif not has_warned and time.monotonic() > warn_at:
            has_warned = True
            logger.warning(
                "topic %s cannot be read to its end yet: Kafka does not respond, or another "
                "publisher's transaction is open; waiting",
                topic,
            )
        yield None
        for message in messages:
            error, number = message.error(), message.partition() or 0
            if error is None:
                yield message
            elif error.code() == KafkaError._PARTITION_EOF:
                if (message.offset() or 0) >= spans[number][1]:
                    unread.discard(number)
            elif message.topic() is not None:
                raise KafkaException(error)
            # Other errors are about the group, which we do not use.


def _ignore(_error: KafkaError) -> None:
    """Ignore an error: the request that it affects fails by itself."""
