"""Reads a topic up to where its end was at the beginning, without joining a consumer group."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping

from confluent_kafka import (
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    TopicPartition,
)

from publisher.kafka.health import KafkaHealth, LibrdkafkaLog

logger = logging.getLogger(__name__)

_ANSWER_TIMEOUT_S = 5.0
#: Messages asked for at once. Fewer come only when the time is over, so that is short.
_AT_ONCE = 1000
_POLL_S = 0.02
#: Seconds without any progress after which it is said that we wait.
_PATIENCE_S = 3.0


def open_consumer(
    properties: Mapping[str, str], isolation: str, health: KafkaHealth | None = None
) -> Consumer:
    """Return a consumer of *isolation* level with these *properties* of the connection."""
    return Consumer(
        {
            **properties,
            # librdkafka wants a name; no group is joined, and nothing committed.
            "group.id": f"{properties['client.id']}-publisher",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "auto.offset.reset": "earliest",
            "isolation.level": isolation,
            # There is nothing to wait for at the end: what comes next is not asked for.
            "fetch.wait.max.ms": 10,
            # Memory for what was fetched ahead; more of it makes nothing faster.
            "queued.max.messages.kbytes": 8 * 1024,
            "error_cb": health.on_error if health else _ignore,
        },
        logger=LibrdkafkaLog(),
    )


def watermarks(consumer: Consumer, topic: str) -> dict[int, tuple[int, int]]:
    """Return where each partition begins and ends. Raises KafkaException."""
    found = consumer.list_topics(topic, timeout=_ANSWER_TIMEOUT_S).topics[topic]
    if found.error is not None:
        raise KafkaException(found.error)
    return {
        number: consumer.get_watermark_offsets(TopicPartition(topic, number), _ANSWER_TIMEOUT_S)
        for number in found.partitions
    }


def read(
    consumer: Consumer, topic: str, spans: Mapping[int, tuple[int, int]]
) -> Iterator[Message | None]:
    """
    Yield what lies in *spans* of offsets, by partition, and None every now and then.

    What was written since may be among it. A Kafka that goes meanwhile is waited for. Raises
    KafkaException when it does not let us read.
    """
    consumer.assign([TopicPartition(topic, number, start) for number, (start, _) in spans.items()])
    unread = {number for number, (_, end) in spans.items() if end > 0}
    has_said, patience_ends = False, time.monotonic() + _PATIENCE_S
    while unread:
        messages = consumer.consume(_AT_ONCE, timeout=_POLL_S)
        if messages:
            patience_ends = time.monotonic() + _PATIENCE_S
        elif not has_said and time.monotonic() > patience_ends:
            has_said = True
            logger.warning(
                "topic %s cannot be read to its end yet: Kafka does not answer, or another "
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
            # What is not about the topic is about the group, which we do not need.


def _ignore(_error: KafkaError) -> None:
    """Leave an error to whoever asks Kafka something and gets no answer."""
