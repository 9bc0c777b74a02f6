"""Kafka: whether the publisher reaches it, may do what it does, and finds or creates its topics."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from confluent_kafka import KafkaException, Producer

from common.settings import EMBEDDED, EXACTLY_ONCE, Settings, SettingsError
from publisher.kafka.needed_topics import needed_topics
from publisher.kafka.properties import (
    Cluster,
    connection_properties,
    producer_properties,
    transactional_properties,
)
from publisher.kafka.property_errors import explaining_rejections
from twitch_ingestion.check.findings import Finding, ok, warning, wrong
from twitch_ingestion.check.host import Host
from twitch_ingestion.check.kafka_client import KafkaClient, UnreachableError
from twitch_ingestion.check.kafka_topics import check_topics
from twitch_ingestion.check.kafka_transactions import check_transactional_id


def check_kafka(host: Host) -> Iterator[Finding]:
    """Yield what is found about Kafka, in which nothing is changed."""
    settings = host.settings
    if not host.runs_publisher:
        yield ok("not needed: programs.conf leaves out the publisher of this host")
        return
    cluster = Cluster(settings.kafka_brokers, embedded=settings.kafka_brokers == EMBEDDED)
    try:
        properties = _producer_properties(settings, cluster)
        topics = needed_topics(settings)
    except SettingsError as error:
        yield from (wrong(line) for line in str(error).splitlines())
        return
    if cluster.embedded:
        yield warning(
            "embedded: a Kafka in memory, to try things out; what it holds is lost when the"
            " publisher stops. Set KAFKA_BROKERS to a real one"
        )
        return
    client = KafkaClient(connection_properties(settings, cluster))
    try:
        found = client.connect()
    except UnreachableError as error:
        yield from (wrong(line) for line in str(error).splitlines())
        return
    brokers = len(found.brokers)
    yield ok(f"{cluster.brokers}: connected, {brokers} broker{'' if brokers == 1 else 's'}")
    unreachable = client.unreachable(found)
    yield from (wrong(text) for text in unreachable)
    if len(unreachable) == brokers:
        return
    try:
        yield from check_topics(client, topics, properties)
    except KafkaException as error:
        yield wrong(f"Kafka responded, and then no more ({error.args[0].str()}): look at its log")
        return
    if settings.delivery == EXACTLY_ONCE:
        yield check_transactional_id(client, settings)


def _producer_properties(settings: Settings, cluster: Cluster) -> Mapping[str, str]:
    """Return the publisher's properties. Raises SettingsError, also if librdkafka refuses them."""
    make = transactional_properties if settings.delivery == EXACTLY_ONCE else producer_properties
    properties = make(settings, cluster)
    with explaining_rejections(properties):
        # It would connect; to no broker, it only checks its properties.
        Producer({**properties, "bootstrap.servers": "", "log_level": "0"})
    return properties
