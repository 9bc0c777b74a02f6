"""Reads the progress topic, up to the end that it has when reading starts."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing

from publisher.delivery.checkpoints import Standing
from publisher.kafka.health import KafkaHealth
from publisher.kafka.topic_reader import open_consumer, read, watermarks
from publisher.stop_signals import StopSignals


def read_progress(
    topic: str,
    properties: Mapping[str, str],
    *,
    wait_for_open: bool,
    health: KafkaHealth,
    stop: StopSignals,
) -> Standing | None:
    """
    Return the content of *topic*; None when asked to stop before all of it was read.

    A read_committed consumer gets no further than the first open transaction of any producer, and
    later committed records lie behind it. *wait_for_open* waits until that transaction has ended.
    *properties* are those of the connection. If Kafka becomes unreachable, this waits for it.

    Raises KafkaException when reading is refused, ForeignRecordError when the topic has a record
    that no publisher has written.
    """
    isolation = "read_uncommitted" if wait_for_open else "read_committed"
    with closing(open_consumer(properties, isolation)) as consumer:
        whole = watermarks(consumer, topic, lambda: not stop.requested)
    standing = Standing()
    with closing(open_consumer(properties, "read_committed", health)) as consumer:
        # This request makes the consumer load the topic's metadata, which else takes half a second.
        found = watermarks(consumer, topic, lambda: not stop.requested)
        if whole is None or found is None:
            return None
        spans = {number: (beginning, whole[number][1]) for number, (beginning, _) in found.items()}
        for message in read(consumer, topic, spans):
            if stop.requested:
                return None
            if message is not None:
                standing.take(message.key(), message.value())
    return standing
