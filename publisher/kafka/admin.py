"""The client for questions about topics, and for creating them."""

from __future__ import annotations

from collections.abc import Mapping

from confluent_kafka.admin import AdminClient


def admin_client(properties: Mapping[str, str]) -> AdminClient:
    """
    Return an admin client with *properties*, those of a connection.

    It logs nothing: the producer with the same properties reports what keeps Kafka out of reach.
    """
    return AdminClient({**properties, "log_level": "0"})
