"""
Loads the ids of the last published messages and events from their topics when a session begins.

The publisher needs them when it starts, and later for what an earlier session had in flight.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from functools import partial

import msgspec
from confluent_kafka import KafkaError, KafkaException, Message

from common.frames import Kind
from common.recent_ids import RecentIds
from publisher.delivery.handover import ID_HEADER
from publisher.kafka.health import KafkaHealth
from publisher.kafka.topic_reader import open_consumer, read, watermarks
from publisher.stop_signals import StopSignals

logger = logging.getLogger(__name__)

#: Time limit for both topics. Readers wait meanwhile, and after 10 s of silence they try the next
#: publisher of their list. Half a million ids take 3 to 5 s.
WARM_UP_WITHIN_S = 8.0


#: Errors of a topic that has just been created, and how soon to retry.
_NO_LEADER = {KafkaError.NOT_LEADER_FOR_PARTITION, KafkaError.LEADER_NOT_AVAILABLE}
_RETRY_S = 0.1


class _Typed(msgspec.Struct):
    """What tells an event from a message, which has no type."""

    type: str = ""


_decode_typed = msgspec.json.Decoder(_Typed).decode


def warm_up(
    published: Mapping[Kind, RecentIds[bytes]],
    topics: Mapping[Kind, str],
    properties: Mapping[str, str],
    *,
    health: KafkaHealth,
    stop: StopSignals,
) -> None:
    """
    Add the ids of the last records of *topics* to those *published*, both by their kind.

    Loads as many as *published* remembers, an equal share from each partition. *properties* are
    those of the connection. If ids cannot be read in time, logs it and continues without them.
    """
    began = time.monotonic()
    ends_at = began + WARM_UP_WITHIN_S
    by_topic: dict[str, dict[Kind, RecentIds[bytes]]] = {}
    # There are few events: messages do not have to wait long.
    for kind in (Kind.EVENT, Kind.CHAT):
        if kind in topics:
            by_topic.setdefault(topics[kind], {})[kind] = published[kind]
    for topic, ids in by_topic.items():
        load = partial(_read, ids, topic, properties, health, stop=stop, ends_at=ends_at)
        if problem := _retry(load, stop=stop, ends_at=ends_at):
            logger.warning(
                "topic %s cannot be read to its end: %s; some of the last records may be published "
                "twice",
                topic,
                problem,
            )
    logger.info(
        "deduplication: loaded the ids of %d published messages and %d events in %.1f s",
        len(published[Kind.CHAT]),
        len(published[Kind.EVENT]),
        time.monotonic() - began,
    )


def _retry(load: Callable[[], str], *, stop: StopSignals, ends_at: float) -> str:
    """Call *load* again while the topic has no leader; return what prevented loading all."""
    while True:
        try:
            return load()
        except KafkaException as error:
            is_over = time.monotonic() > ends_at
            if is_over or error.args[0].code() not in _NO_LEADER or stop.wait(_RETRY_S):
                return str(error.args[0].str())


def _read(
    published: Mapping[Kind, RecentIds[bytes]],
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
        share = max(ids.limit for ids in published.values()) // len(found)
        spans = {
            number: (max(beginning, end - share), end) for number, (beginning, end) in found.items()
        }
        for message in read(consumer, topic, spans):
            if stop.requested:
                return ""
            if time.monotonic() > ends_at:
                return too_long
            if message is not None and (record_id := _id(message)):
                _ids_like(message, published).add(record_id)
    return ""


def _ids_like(message: Message, published: Mapping[Kind, RecentIds[bytes]]) -> RecentIds[bytes]:
    """Return those of the ids *published* in the topic that are of the same kind as *message*."""
    if len(published) > 1:
        return published[_kind(message.value() or b"")]
    (ids,) = published.values()
    return ids


def _kind(value: bytes) -> Kind:
    """Return the kind of a record, by its *value*: one topic may hold messages and events."""
    try:
        return Kind.EVENT if _decode_typed(value).type else Kind.CHAT
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return Kind.CHAT


def _id(message: Message) -> bytes:
    """Return the id of *message*; empty if it has none."""
    found = dict(message.headers() or ()).get(ID_HEADER)
    return found if isinstance(found, bytes) else b""
