"""The client for questions about topics, and for creating them."""

from __future__ import annotations

from collections.abc import Mapping

from confluent_kafka.admin import AdminClient

from publisher.kafka.property_errors import explaining_rejections


def admin_client(properties: Mapping[str, str]) -> AdminClient:
    """
    Return an admin client with *properties*, those of a connection.

    It logs nothing: the producer with the same properties reports what keeps Kafka out of reach.
    Raises SettingsError when librdkafka does not accept the *properties*.
    """
    with explaining_rejections(properties):
        return AdminClient({**properties, "log_level": "0"})
