"""Which topics the publisher needs, by the settings, and what it does with each."""

from __future__ import annotations

from common.frames import Kind
from common.settings import EXACTLY_ONCE, Settings, SettingsError
from publisher.kafka.topics import Topic

#: One partition: order matters only by key, and each partition makes a transaction slower. Only
#: full segments are compacted: at 50 MiB, the minimum of hosted Kafkas, a start reads some hundred
#: thousand checkpoints.
_PROGRESS_PARTITIONS = 1
_PROGRESS_CONFIG = {"cleanup.policy": "compact", "segment.bytes": str(50 * 1024 * 1024)}

_PROGRESS_OPERATIONS = ("Read", "Write")


def record_topics(settings: Settings) -> dict[Kind, str]:
    """Return the names of the topics for records, by their kind. There may be none for events."""
    topics = {
        Kind.CHAT: settings.kafka_topic_chat_messages,
        Kind.GAP: settings.kafka_topic_chat_gaps,
    }
    if settings.kafka_topic_chat_events:
        topics[Kind.EVENT] = settings.kafka_topic_chat_events
    return topics


def needed_topics(settings: Settings) -> list[Topic]:
    """
    Return all topics: of records, of dead letters and, for exactly-once delivery, of checkpoints.

    Raises SettingsError if the last one is used for something else, too.
    """
    of_kind = record_topics(settings)
    # Deduplication reads the ids of the last messages and events back.
    read_back = (Kind.CHAT, Kind.EVENT) if settings.deduplicate else ()
    read = {of_kind.get(kind) for kind in read_back}
    names = {*of_kind.values(), settings.kafka_topic_dead_letters}
    topics = [
        Topic(
            name,
            settings.kafka_topic_partitions,
            settings.kafka_topic_replication,
            operations=("Read", "Write") if name in read else ("Write",),
        )
        for name in sorted(names)
    ]
    if settings.delivery != EXACTLY_ONCE:
        return topics
    if settings.kafka_topic_progress in names:
        raise SettingsError(
            f"KAFKA_TOPIC_PROGRESS holds {settings.kafka_topic_progress!r}, but should name a "
            "topic that is used for nothing else"
        )
    progress = Topic(
        settings.kafka_topic_progress,
        _PROGRESS_PARTITIONS,
        settings.kafka_topic_replication,
        _PROGRESS_CONFIG,
        _PROGRESS_OPERATIONS,
    )
    return [*topics, progress]
