"""
Which permissions Kafka's ACLs do not give the publisher, in the words that grant them.

Kafka says for each topic what its client may do (KIP-430, Kafka 2.3 and newer), so a missing
permission on a topic is found before a record needs it. For everything else there is only the
error of the request that was refused. For what a request needs, see
https://kafka.apache.org/documentation/#operations_in_kafka.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import wait

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient

#: Seconds that the request may take. If it takes longer, the permissions count as given: a request
#: that is refused says so, too.
_RESPONSE_TIMEOUT_S = 2.0

_NEEDS = {
    KafkaError.TOPIC_AUTHORIZATION_FAILED: "Write on its topics",
    # A topic's Write is enough since Kafka 2.8 (KIP-679).
    KafkaError.CLUSTER_AUTHORIZATION_FAILED: "Write on its topics, and before Kafka 2.8 also "
    "IdempotentWrite on the cluster",
    KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED: "Write and Describe on the "
    "transactional.id {}",
    KafkaError.GROUP_AUTHORIZATION_FAILED: "Read on its consumer group",
}


def needed_after(error: KafkaError, transactional_id: str) -> str | None:
    """Return the permission that was missing when a request failed with *error*, None if none."""
    needed = _NEEDS.get(error.code())
    return needed and needed.format(transactional_id)


def is_hidden(error: KafkaError | None) -> bool:
    """Return whether *error*, about a topic, means that `Describe` on it is missing."""
    return error is not None and error.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED


def missing(
    admin: AdminClient, needed: Mapping[str, Collection[str]]
) -> Iterator[tuple[str, list[str]]]:
    """
    Yield each topic of *needed*, with those of its operations that Kafka does not permit.

    Operations are named as for `kafka-acls.sh --operation`. Yields nothing for a topic of which
    Kafka does not say what it permits.
    """
    futures = admin.describe_topics(
        TopicCollection(list(needed)),
        include_authorized_operations=True,
        request_timeout=_RESPONSE_TIMEOUT_S,
    )
    wait(futures.values())
    for topic, future in futures.items():
        try:
            operations = future.result().authorized_operations or ()
        except KafkaException:
            continue
        permitted = {operation.name.capitalize() for operation in operations}
        if permitted and (lacking := [one for one in needed[topic] if one not in permitted]):
            yield topic, lacking
