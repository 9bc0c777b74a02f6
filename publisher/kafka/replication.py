"""Finds topics that are lost with one broker, although there are enough to replicate them."""

from __future__ import annotations

import json
import shlex

from confluent_kafka.admin import (  # type: ignore[attr-defined]
    ClusterMetadata,
    TopicMetadata,
)

#: The usual replication factor, and the number of brokers from which it is possible.
REPLICATION = 3
#: The longest reassignment that is part of a log line, in characters.
_LONGEST = 2000


def unreplicated(found: ClusterMetadata, topic: str, bootstrap: str) -> str:
    """
    Return a text about *topic* if a partition of it has one replica, and the cluster 3 brokers.

    It has the commands that add replicas; *bootstrap* is the cluster's address in them. The text is
    empty if nothing is wrong.
    """
    partitions = found.topics[topic].partitions.values()
    if len(found.brokers) < REPLICATION or not any(
        len(partition.replicas) == 1 for partition in partitions
    ):
        return ""
    return (
        f"topic {topic} has replication factor 1 on a cluster of {len(found.brokers)} brokers: it "
        "cannot be used while one broker is down, and is lost with that broker's disk. To change "
        f"it: {_commands(found, found.topics[topic], bootstrap)}. For topics that are created "
        f"later, set KAFKA_TOPIC_REPLICATION={REPLICATION}"
    )


def _commands(found: ClusterMetadata, topic: TopicMetadata, bootstrap: str) -> str:
    reassignment = _reassignment(found, topic)
    if len(reassignment) > _LONGEST:
        return 'see "Replication" in docs/delivery.md'
    file = f"{topic.topic}.json"
    return (
        f"echo {shlex.quote(reassignment)} > {file} && kafka-reassign-partitions.sh "
        f"--bootstrap-server {bootstrap} --reassignment-json-file {file} --execute"
    )


def _reassignment(found: ClusterMetadata, topic: TopicMetadata) -> str:
    """Return the JSON that gives each partition replicas on the brokers that follow its own."""
    brokers = sorted(found.brokers)
    partitions = []
    for number, partition in sorted(topic.partitions.items()):
        own = list(partition.replicas)
        # A broker that is down is not among the brokers.
        start = brokers.index(own[0]) if own[0] in brokers else number
        others = [brokers[(start + step) % len(brokers)] for step in range(len(brokers))]
        wanted = own + [broker for broker in others if broker not in own]
        replicas = wanted[: max(REPLICATION, len(own))]
        partitions.append({"topic": topic.topic, "partition": number, "replicas": replicas})
    return json.dumps({"version": 1, "partitions": partitions}, separators=(",", ":"))
