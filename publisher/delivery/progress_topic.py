"""Reads the progress topic to its end, or rather to where the end was at the beginning."""

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
    Return what *topic* says by now, None when asked to stop before all of it was read.

    A consumer that reads what is committed gets no further than the first transaction that is open,
    whose ever that is; what was committed since lies behind it. *wait_for_open* waits until it is
    not. *properties* are those of the connection; a Kafka that goes meanwhile is waited for.

    Raises KafkaException when it does not let us read, ForeignRecordError when the topic holds what
    no publisher has written.
    """
    isolation = "read_uncommitted" if wait_for_open else "read_committed"
    with closing(open_consumer(properties, isolation)) as consumer:
        ends = {number: end for number, (_, end) in watermarks(consumer, topic).items()}
    standing = Standing()
    with closing(open_consumer(properties, "read_committed", health)) as consumer:
        # Asked where the beginning is, it knows the topic at once; else it takes half a second.
        spans = {
            number: (beginning, ends[number])
            for number, (beginning, _) in watermarks(consumer, topic).items()
        }
        for message in read(consumer, topic, spans):
            if stop.requested:
                return None
            if message is not None:
                standing.take(message.key(), message.value())
    return standing
