"""librdkafka's properties: what we set and why, and what KAFKA_CONF_* may change."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from common.settings import Settings, SettingsError
from publisher.kafka.property_errors import variable_of

#: Properties for reaching the cluster, which consumers and admin clients also accept.
_CONNECTION_PREFIXES = (
    "api.",
    "broker.address.",
    "client.",
    "connections.",
    "debug",
    "enable.sasl.",
    "enable.ssl.",
    "https.",
    "log_level",
    "metadata.",
    "reconnect.",
    "sasl.",
    "security.",
    "socket.",
    "ssl.",
)

#: Properties that the embedded cluster does not support: it speaks neither TLS nor SASL.
_SECURITY_PREFIXES = ("security.", "sasl.", "ssl.", "enable.ssl.", "enable.sasl.")

#: How long a transaction accepts batches, in milliseconds. Kafka needs some 20 between two
#: transactions of any size. A message becomes visible only when its transaction has ended.
TRANSACTION_MS = 50


class _Requirement(NamedTuple):
    is_met_by: Callable[[str], bool]
    #: What the property should hold, in words.
    wanted: str
    #: What happens if it does not.
    otherwise: str


def _one_of(*values: str, otherwise: str) -> _Requirement:
    return _Requirement(lambda value: value.lower() in values, values[0], otherwise)


def _at_most(limit: int, *, otherwise: str) -> _Requirement:
    def is_met_by(value: str) -> bool:
        # librdkafka accepts numbers that Python does not, for example "60000ms".
        try:
            return float(value) <= limit
        except ValueError:
            return False

    return _Requirement(is_met_by, f"at most {limit}", otherwise)


_ACKS = _one_of("all", "-1", otherwise="readers delete messages that Kafka has not stored safely")
_IDEMPOTENCE = _one_of("true", "1", otherwise="a retry may duplicate or reorder messages")
_ONE_IN_FLIGHT = _one_of("1", otherwise="messages may be lost just after a topic is created")
_BY_KEY = _one_of(
    "murmur2_random",
    "murmur2",
    "consistent",
    "consistent_random",
    "fnv1a",
    "fnv1a_random",
    otherwise="messages of a channel may be out of order, in several partitions",
)
_NO_TIMEOUT = _one_of("0", otherwise="messages are dropped in a long outage")
_LINGER = _at_most(
    TRANSACTION_MS,
    otherwise=f"each transaction, which lasts {TRANSACTION_MS} ms, waits for its records",
)

#: Without these values, messages could be lost, duplicated or out of order. Here and below, each of
#: librdkafka's names for a property is listed.
_REQUIRED = {
    "acks": _ACKS,
    "request.required.acks": _ACKS,
    "enable.idempotence": _IDEMPOTENCE,
    "max.in.flight": _ONE_IN_FLIGHT,
    "max.in.flight.requests.per.connection": _ONE_IN_FLIGHT,
    "partitioner": _BY_KEY,
}

#: With transactions, a timeout aborts the whole transaction, and readers send its records again.
_REQUIRED_WITHOUT_TRANSACTIONS = {
    "message.timeout.ms": _NO_TIMEOUT,
    "delivery.timeout.ms": _NO_TIMEOUT,
}

#: A transaction waits for its records, and nothing flushes them.
_REQUIRED_WITH_TRANSACTIONS = {
    "linger.ms": _LINGER,
    "queue.buffering.max.ms": _LINGER,
}

#: Properties that KAFKA_CONF_* cannot set, and why.
_REFUSED = {
    "bootstrap.servers": "KAFKA_BROKERS is the setting for this",
    "metadata.broker.list": "KAFKA_BROKERS is the setting for this",
    "client.id": "KAFKA_CLIENT_ID is the setting for this",
    # Hidden properties of librdkafka's tests: what is written would be in memory only.
    "test.mock.num.brokers": "KAFKA_BROKERS=embedded is the setting for this",
    # Names that confluent_kafka treats in its own way.
    "default.topic.config": "librdkafka has no such property",
    "logger": "librdkafka has no such property",
    "delivery.report.only.error": "acknowledgements need the reports of success",
    "transactional.id": "KAFKA_TRANSACTIONAL_ID is the setting for this",
}


@dataclass(frozen=True)
class Cluster:
    """The Kafka cluster that the publisher writes to."""

    #: Its bootstrap servers, comma-separated host:port.
    brokers: str
    #: Whether it is the embedded one, in this process.
    embedded: bool = False


def connection_properties(settings: Settings, cluster: Cluster) -> dict[str, str]:
    """Return the properties that every client (producer, consumer, admin) needs for *cluster*."""
    return {
        "bootstrap.servers": cluster.brokers,
        "client.id": settings.kafka_client_id,
        # Without it, a firewall may drop an idle connection, and the next message times out.
        "socket.keepalive.enable": "true",
        # Reconnect within 2 s after an outage (librdkafka's default is up to 10 s).
        "reconnect.backoff.max.ms": "2000",
        **{
            name: value
            for name, value in _own(settings, cluster).items()
            if name.startswith(_CONNECTION_PREFIXES)
        },
    }


def producer_properties(settings: Settings, cluster: Cluster) -> dict[str, str]:
    """
    Return the properties of the producer that delivers at least once.

    Raises SettingsError when a KAFKA_CONF_* could break a guarantee, or has a setting of its own.
    The properties are librdkafka's: see its CONFIGURATION.md.
    """
    _check(settings, _REQUIRED | _REQUIRED_WITHOUT_TRANSACTIONS)
    return {
        **_shared_properties(settings, cluster),
        # Records wait through any outage; by default librdkafka drops them after 5 minutes.
        "message.timeout.ms": "0",
        **_own(settings, cluster),
    }


def transactional_id(settings: Settings) -> str:
    """Return the transactional.id of the producer that delivers exactly once."""
    return settings.kafka_transactional_id or settings.kafka_client_id


def transactional_properties(settings: Settings, cluster: Cluster) -> dict[str, str]:
    """
    Return the properties of the producer that delivers exactly once.

    Raises SettingsError like `producer_properties`, and when *cluster* is the embedded one.
    """
    _check(settings, _REQUIRED | _REQUIRED_WITH_TRANSACTIONS)
    if cluster.embedded:
        # It accepts the requests, but consumers see all records as committed.
        raise SettingsError(
            "DELIVERY holds exactly-once, but the embedded Kafka has no transactions: "
            "set KAFKA_BROKERS to a real one, or DELIVERY to at-least-once"
        )
    return {
        **_shared_properties(settings, cluster),
        "transactional.id": transactional_id(settings),
        # message.timeout.ms defaults to transaction.timeout.ms, a minute. After that Kafka aborts
        # the transaction, and its unsent records are useless.
        **_own(settings, cluster),
    }


def _shared_properties(settings: Settings, cluster: Cluster) -> dict[str, str]:
    """Return the properties that both kinds of producer share."""
    return {
        **connection_properties(settings, cluster),
        # Confirmed means that every in-sync replica has the record.
        "acks": "all",
        # A retry neither duplicates nor reorders records.
        "enable.idempotence": "true",
        # A partition accepts any sequence number from a producer that it does not know. A partition
        # that had just been created refused the first request and accepted the second; then the
        # first was lost. So each request waits for the response to the previous one.
        "max.in.flight": "1",
        # Wait 0.5 ms to fill a batch. A busy reader sends every 2 ms only, and each of its messages
        # then waits for this, too. With 0, the publisher needs a third more processor time for many
        # quiet channels. Under higher load batches fill without waiting.
        "linger.ms": "0.5",
        # A quarter of a broker's default limit (message.max.bytes); larger is not faster.
        "batch.size": "262144",
        # Every consumer reads it. zstd makes full batches of chat 4.4 times smaller, for 1.2
        # microseconds a message, and batches of 1 to 3 messages 1.2 to 2.1 times; but kafkajs needs
        # further packages for zstd, lz4 and snappy, and gzip costs 8 microseconds a message. See
        # docs/decisions/compression.md.
        "compression.type": "none",
        # Java and kafkajs choose partitions this way, so other topics keyed by channel match.
        "partitioner": "murmur2_random",
        # Bounds the memory in an outage; the rest waits in the readers' outboxes, on disk.
        "queue.buffering.max.messages": "100000",
        "queue.buffering.max.kbytes": "65536",
        # For the status page. As often as Prometheus asks, by most people's configuration.
        "statistics.interval.ms": "15000",
        # topics.py creates the topics, with the partitions we want. The embedded cluster supports
        # only automatic creation.
        "allow.auto.create.topics": "true" if cluster.embedded else "false",
    }


def _own(settings: Settings, cluster: Cluster) -> dict[str, str]:
    """Return the user's properties that *cluster* supports."""
    if not cluster.embedded:
        return dict(settings.kafka_properties)
    return {
        name: value
        for name, value in settings.kafka_properties.items()
        if not name.startswith(_SECURITY_PREFIXES)
    }


def _check(settings: Settings, required: Mapping[str, _Requirement]) -> None:
    errors = []
    for given, value in settings.kafka_properties.items():
        variable = variable_of(given)
        # librdkafka takes this prefix as optional.
        name = given.removeprefix("topic.")
        if name in _REFUSED:
            errors.append(f"{variable} is set, but {_REFUSED[name]}")
        requirement = required.get(name)
        if requirement is not None and not requirement.is_met_by(value):
            errors.append(
                f"{variable} holds {value!r}, but should hold {requirement.wanted};"
                f" otherwise {requirement.otherwise}"
            )
    if errors:
        raise SettingsError("\n".join(errors))
