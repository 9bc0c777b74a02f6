"""
Loads the ids of the last published messages from the topic when a session begins.

The publisher needs them when it starts, and later for what an earlier session had in flight.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from contextlib import closing

from confluent_kafka import KafkaError, KafkaException, Message

from common.recent_ids import RecentIds
from publisher.delivery.handover import ID_HEADER
from publisher.kafka.health import KafkaHealth
from publisher.kafka.topic_reader import open_consumer, read, watermarks
from publisher.stop_signals import StopSignals

logger = logging.getLogger(__name__)

#: Time limit. Readers wait meanwhile, and after 10 s of silence they try the next publisher of
#: their list. Half a million ids take 3 to 5 s.
WARM_UP_WITHIN_S = 8.0


#: Errors of a topic that has just been created, and how soon to retry.
_NO_LEADER = {KafkaError.NOT_LEADER_FOR_PARTITION, KafkaError.LEADER_NOT_AVAILABLE}
_RETRY_S = 0.1


def warm_up(
    published: RecentIds[bytes],
    topic: str,
    properties: Mapping[str, str],
    *,
    health: KafkaHealth,
    stop: StopSignals,
) -> None:
    """
    Add the ids of the last messages of *topic* to *published*.

    Loads as many as *published* remembers, an equal share from each partition. *properties* are
    those of the connection. If ids cannot be read in time, logs it and continues without them.
    """
    began = time.monotonic()
    ends_at = began + WARM_UP_WITHIN_S
    while True:
        try:
            problem = _read(published, topic, properties, health, stop=stop, ends_at=ends_at)
            break
        except KafkaException as error:
            problem = str(error.args[0].str())
            is_over = time.monotonic() > ends_at
            if is_over or error.args[0].code() not in _NO_LEADER or stop.wait(_RETRY_S):
                break
    if problem:
        logger.warning(
            "topic %s cannot be read to its end: %s; some of the last messages may be published "
            "twice",
            topic,
            problem,
        )
    logger.info(
        "deduplication: loaded the ids of %d published messages in %.1f s",
        len(published),
        time.monotonic() - began,
    )


def _read(
    published: RecentIds[bytes],
    topic: str,
    properties: Mapping[str, str],
    health: KafkaHealth,
    *,
    stop: StopSignals,
    ends_at: float,
) -> str:
    """Load the ids; return what prevented loading all, if anything. Raises KafkaException."""
    too_long = f"it takes more than {WARM_UP_WITHIN_S:.0f} s"

    def go_on() -> bool:
        return not stop.requested and time.monotonic() <= ends_at

    # Readers send again what is in uncommitted transactions.
    with closing(open_consumer(properties, "read_committed", health)) as consumer:
        found = watermarks(consumer, topic, go_on)
        if found is None:
            return "" if stop.requested else too_long
        share = published.limit // len(found)
        spans = {
            number: (max(beginning, end - share), end) for number, (beginning, end) in found.items()
        }
        for message in read(consumer, topic, spans):
            if stop.requested:
                return ""
            if time.monotonic() > ends_at:
                return too_long
            if message is not None and (message_id := _id(message)):
                published.add(message_id)
    return ""


def _id(message: Message) -> bytes:
    """Return the id of *message*; empty if it has none."""
    found = dict(message.headers() or ()).get(ID_HEADER)
    return found if isinstance(found, bytes) else b""
