"""Gives the user of a Kafka's login listener permissions, and takes them away."""

from __future__ import annotations

from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._acl import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
)
from confluent_kafka.admin._resource import ResourcePatternType, ResourceType

from tests.kafka.prepared import PASSWORD, USER

__all__ = ["LOGIN", "AclOperation", "Acls", "ResourceType"]

#: The settings of a publisher that logs in.
LOGIN = {
    "KAFKA_CONF_SECURITY_PROTOCOL": "SASL_PLAINTEXT",
    "KAFKA_CONF_SASL_MECHANISM": "PLAIN",
    "KAFKA_CONF_SASL_USERNAME": USER,
    "KAFKA_CONF_SASL_PASSWORD": PASSWORD,
}

_TIMEOUT_S = 30


class Acls:
    """The user's permissions on the resources of one test, in the cluster at *bootstrap*."""

    def __init__(self, bootstrap: str) -> None:
        self._admin = AdminClient({"bootstrap.servers": bootstrap})

    def grant(self, kind: ResourceType, name: str, *operations: AclOperation) -> None:
        """Permit *operations* on the resource of that *kind* and *name*."""
        for operation in operations:
            acl = AclBinding(
                kind,
                name,
                ResourcePatternType.LITERAL,
                f"User:{USER}",
                "*",
                operation,
                AclPermissionType.ALLOW,
            )
            self._admin.create_acls([acl])[acl].result(_TIMEOUT_S)

    def revoke(self, kind: ResourceType, name: str) -> None:
        """Permit nothing any more on the resource of that *kind* and *name*."""
        everything = AclBindingFilter(
            kind,
            name,
            ResourcePatternType.LITERAL,
            f"User:{USER}",
            "*",
            AclOperation.ANY,
            AclPermissionType.ANY,
        )
        self._admin.delete_acls([everything])[everything].result(_TIMEOUT_S)
