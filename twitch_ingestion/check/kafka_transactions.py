"""Exactly-once delivery: whether Kafka's ACLs permit the transactional.id."""

from __future__ import annotations

from typing import cast

from confluent_kafka import KafkaException
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    ResourcePatternType,
    ResourceType,
)

from common.settings import Settings
from publisher.kafka.properties import transactional_id
from twitch_ingestion.check.findings import Finding, ok, warning
from twitch_ingestion.check.kafka_client import KafkaClient

_REQUEST_S = 3.0
#: Any user, and any host. The client's types do not know that.
_ANY = cast("str", None)
_ENOUGH = {AclOperation.WRITE, AclOperation.ALL}


def check_transactional_id(client: KafkaClient, settings: Settings) -> Finding:
    """
    Return whether an ACL permits the publisher's transactional.id.

    Only a transaction would be proof, and it would fence a publisher that runs.
    """
    name = transactional_id(settings)
    if _may_do_everything(client):
        return ok(f"transactional.id {name}: may be used, as no ACLs limit this user")
    # Without the permission to see any, there are none.
    users = {acl.principal for acl in _acls(client, name) if acl.operation in _ENOUGH}
    if client.principal in users or "User:*" in users:
        return ok(f"transactional.id {name}: an ACL permits Write")
    grant = client.grant(f" --operation Write --operation Describe --transactional-id {name}")
    return warning(
        f"transactional.id {name}: no ACL that permits Write and Describe on it can be seen, and"
        f" the publisher finds out when it starts. To be sure: {grant}"
    )


def _may_do_everything(client: KafkaClient) -> bool:
    """Return whether this is a super user, or a Kafka without ACLs."""
    future = client.admin.describe_cluster(
        include_authorized_operations=True, request_timeout=_REQUEST_S
    )
    try:
        operations = future.result().authorized_operations
    except KafkaException:
        return False
    return AclOperation.CLUSTER_ACTION in (operations or ())


def _acls(client: KafkaClient, name: str) -> list[AclBinding]:
    """Return the ACLs that permit something on the transactional.id *name*, as far as visible."""
    every = AclBindingFilter(
        ResourceType.TRANSACTIONAL_ID,
        name,
        ResourcePatternType.MATCH,
        _ANY,
        _ANY,
        AclOperation.ANY,
        AclPermissionType.ALLOW,
    )
    future = client.admin.describe_acls(every, request_timeout=_REQUEST_S)
    try:
        return list(future.result())
    except KafkaException:
        return []
