"""Reads the progress topic to its end, or rather to where the end was at the beginning."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import closing

from confluent_kafka import (
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    TopicPartition,
)

from publisher.kafka_health import KafkaHealth, LibrdkafkaLog
from publisher.marks import Standing
from publisher.stop_signals import StopSignals

logger = logging.getLogger(__name__)

_ANSWER_TIMEOUT_S = 5.0
#: Messages asked for at once. Fewer come only when the time is over, so that is short.
_AT_ONCE = 1000
_POLL_S = 0.02
#: Seconds without any progress after which it is said that we wait.
_PATIENCE_S = 3.0


def read_progress(
    topic: str,
    properties: Mapping[str, str],
    *,
    wait_for_open: bool,
    health: KafkaHealth,
    stop: StopSignals,
) -> Standing | None:
    """
    Return what *topic* says by now, None when asked to stop before all of it was read.

    A consumer that reads what is committed gets no further than the first transaction that is open,
    whose ever that is; what was committed since lies behind it. *wait_for_open* waits until it is
    not. *properties* are those of the connection; a Kafka that goes meanwhile is waited for.

    Raises KafkaException when it does not let us read, ForeignRecordError when the topic holds what
    no publisher has written.
    """
    isolation = "read_uncommitted" if wait_for_open else "read_committed"
    with closing(_consumer(properties, isolation)) as consumer:
        ends = {number: end for number, (_, end) in _watermarks(consumer, topic).items()}
    standing = Standing()
    with closing(_consumer(properties, "read_committed", health)) as consumer:
        # Asked where the beginning is, it knows the topic at once; else it takes half a second.
        consumer.assign(
            [
                TopicPartition(topic, number, beginning)
                for number, (beginning, _) in _watermarks(consumer, topic).items()
            ]
        )
        for message in _messages(consumer, ends, topic):
            if stop.requested:
                return None
            if message is not None:
                standing.take(message.key(), message.value())
    return standing


def _watermarks(consumer: Consumer, topic: str) -> dict[int, tuple[int, int]]:
    """Return where each partition begins and ends. Raises KafkaException."""
    found = consumer.list_topics(topic, timeout=_ANSWER_TIMEOUT_S).topics[topic]
    if found.error is not None:
        raise KafkaException(found.error)
    return {
        number: consumer.get_watermark_offsets(TopicPartition(topic, number), _ANSWER_TIMEOUT_S)
        for number in found.partitions
    }


def _consumer(
    properties: Mapping[str, str], isolation: str, health: KafkaHealth | None = None
) -> Consumer:
    return Consumer(
        {
            **properties,
            # librdkafka wants a name; no group is joined, and nothing committed.
            "group.id": f"{properties['client.id']}-progress",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "auto.offset.reset": "earliest",
            "isolation.level": isolation,
            # There is nothing to wait for at the end: what is committed next is not ours.
            "fetch.wait.max.ms": 10,
            "error_cb": health.on_error if health else _ignore,
        },
        logger=LibrdkafkaLog(),
    )


def _ignore(_error: KafkaError) -> None:
    """Leave an error to whoever asks Kafka something and gets no answer."""


def _messages(consumer: Consumer, ends: Mapping[int, int], topic: str) -> Iterator[Message | None]:
    """Yield what lies before *ends*, and None whenever nothing came for a while."""
    unread = {number for number, end in ends.items() if end > 0}
    has_said, patience_ends = False, time.monotonic() + _PATIENCE_S
    while unread:
        messages = consumer.consume(_AT_ONCE, timeout=_POLL_S)
        if not messages and not has_said and time.monotonic() > patience_ends:
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
                if (message.offset() or 0) >= ends[number]:
                    unread.discard(number)
            elif message.topic() is not None:
                raise KafkaException(error)
            # What is not about the topic is about the group, which we do not need.
