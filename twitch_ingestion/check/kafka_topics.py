"""The topics: whether they exist or may be created, may be used, and hold what is written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import wait

from confluent_kafka import KafkaError
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    ClusterMetadata,
    ConfigEntry,
    ConfigResource,
    ResourceType,
)

from publisher.kafka.permissions import is_hidden, missing
from publisher.kafka.replicas import too_few_replicas
from publisher.kafka.replication import REPLICATION, unreplicated
from publisher.kafka.topics import (
    FEWER_REPLICAS,
    Topic,
    create_command,
    is_too_replicated,
    new_topic,
)
from twitch_ingestion.check.findings import Finding, ok, warning, wrong
from twitch_ingestion.check.kafka_client import KafkaClient

#: Seconds that a request may take.
_REQUEST_S = 3.0

#: No record is larger: a chat message takes some KiB, and a dead letter is cut.
LARGEST_RECORD_BYTES = 64 * 1024


def check_topics(
    client: KafkaClient, topics: Sequence[Topic], producer: Mapping[str, str]
) -> Iterator[Finding]:
    """
    Yield what is found about *topics*, which a producer with the properties *producer* uses.

    Raises KafkaException when Kafka stops responding.
    """
    present, absent = [], []
    for topic in topics:
        found = client.admin.list_topics(topic.name, timeout=_REQUEST_S)
        error = found.topics[topic.name].error
        if is_hidden(error):
            yield wrong(_not_permitted(topic.name, topic.operations, client))
        elif error is not None and error.code() != KafkaError.LEADER_NOT_AVAILABLE:
            absent.append(topic)
        else:
            present.append(topic)
            if text := unreplicated(found, topic.name, client.brokers):
                yield warning(text)
    yield from _use(client, present)
    yield from _create(client, absent)
    yield from _sizes(client, present, producer)
    brokers = client.admin.list_topics(timeout=_REQUEST_S)
    yield from _defaults(client, brokers, absent)


def _use(client: KafkaClient, topics: Sequence[Topic]) -> Iterator[Finding]:
    """Yield whether *topics*, which exist, may be used and written to."""
    if not topics:
        return
    lacking = dict(missing(client.admin, {topic.name: topic.operations for topic in topics}))
    for name, operations in lacking.items():
        yield wrong(_not_permitted(name, operations, client))
    names = [topic.name for topic in topics]
    if text := too_few_replicas(names, client.properties):
        yield wrong(f"Kafka cannot write to {text}")
    usable = [name for name in names if name not in lacking]
    if usable:
        yield ok(f"may be used: {', '.join(usable)}")


def _create(client: KafkaClient, topics: Sequence[Topic]) -> Iterator[Finding]:
    """Yield whether the publisher will be able to create *topics*; Kafka only validates it."""
    if not topics:
        return
    futures = client.admin.create_topics(
        [new_topic(topic) for topic in topics], validate_only=True, request_timeout=_REQUEST_S
    )
    wait(futures.values())
    possible = []
    for topic in topics:
        error = futures[topic.name].exception()
        if error is None:
            possible.append(topic.name)
            continue
        cause = error.args[0]
        reason = cause.str() if isinstance(cause, KafkaError) else str(error)
        if topic.replication and isinstance(cause, KafkaError) and is_too_replicated(cause):
            remedy = FEWER_REPLICAS
        else:
            command = create_command(topic, client.brokers)
            remedy = f"Grant it Create on the topic, or create it: {command}"
        yield wrong(
            f"topic {topic.name} does not exist, and Kafka does not let the publisher create it"
            f" ({reason}). {remedy}"
        )
    if possible:
        yield ok(f"the publisher will create: {', '.join(possible)}")


def _sizes(
    client: KafkaClient, topics: Sequence[Topic], producer: Mapping[str, str]
) -> Iterator[Finding]:
    """Yield the topics that refuse what the publisher sends as too large."""
    batch = int(producer["batch.size"])
    for topic, settings in _configurations(client, ResourceType.TOPIC, [t.name for t in topics]):
        limit = _number(settings, "max.message.bytes")
        if limit is None:
            continue
        if limit < LARGEST_RECORD_BYTES:
            yield wrong(
                f"topic {topic} has max.message.bytes={limit}, and a record may have"
                f" {LARGEST_RECORD_BYTES} bytes: raise it, or larger ones become dead letters"
            )
        elif limit < batch:
            yield warning(
                f"topic {topic} has max.message.bytes={limit}, less than what the publisher"
                f" sends at once, {batch}: raise it, or set KAFKA_CONF_BATCH_SIZE to less"
            )


def _defaults(
    client: KafkaClient, cluster: ClusterMetadata, topics: Sequence[Topic]
) -> Iterator[Finding]:
    """Yield what is wrong with the replicas that *topics* will be created with."""
    if not topics:
        return
    ((_, settings),) = _configurations(client, ResourceType.BROKER, [str(min(cluster.brokers))])
    default = _number(settings, "default.replication.factor")
    least = _number(settings, "min.insync.replicas")
    for topic in topics:
        replicas = topic.replication or default
        if replicas is None:
            continue
        if least is not None and replicas < least:
            yield wrong(
                f"topic {topic.name} will have {replicas} replicas, less than min.insync.replicas,"
                f" which is {least}: set KAFKA_TOPIC_REPLICATION={max(least, REPLICATION)}"
            )
        elif replicas == 1 and len(cluster.brokers) >= REPLICATION:
            yield warning(
                f"topic {topic.name} will have replication factor 1 on a cluster of"
                f" {len(cluster.brokers)} brokers: set KAFKA_TOPIC_REPLICATION={REPLICATION}"
            )


def _configurations(
    client: KafkaClient, kind: ResourceType, names: Sequence[str]
) -> list[tuple[str, Mapping[str, ConfigEntry]]]:
    """Return the configurations of topics or brokers; those that we may not know are empty."""
    resources = [ConfigResource(kind, name) for name in names]
    if not resources:
        return []
    futures = client.admin.describe_configs(resources, request_timeout=_REQUEST_S)
    wait(futures.values())
    return [
        (resource.name, {} if future.exception() else future.result())
        for resource, future in futures.items()
    ]


def _number(settings: Mapping[str, ConfigEntry], name: str) -> int | None:
    entry = settings.get(name)
    return None if entry is None or entry.value is None else int(entry.value)


def _not_permitted(topic: str, operations: Sequence[str], client: KafkaClient) -> str:
    options = "".join(f" --operation {operation}" for operation in operations)
    return (
        f"Kafka's ACLs do not let the publisher use topic {topic}: it needs"
        f" {' and '.join(operations)} on it: {client.grant(f'{options} --topic {topic}')}"
    )
