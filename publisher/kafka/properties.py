"""librdkafka's properties: what we set and why, what KAFKA_CONF_* may change, and what not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from common.settings import KAFKA_CONF_PREFIX, Settings, SettingsError

_CONFIGURATION = "https://github.com/confluentinc/librdkafka/blob/master/CONFIGURATION.md"

#: Properties about reaching the cluster, which a consumer and an admin client understand too.
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

#: What the embedded cluster cannot do: it speaks neither TLS nor SASL.
_SECURITY_PREFIXES = ("security.", "sasl.", "ssl.", "enable.ssl.", "enable.sasl.")

#: How long a transaction takes batches, in milliseconds. Kafka needs some 20 between two of them,
#: whatever is in them; and a message waits that long to be seen.
TRANSACTION_MS = 50


class _Promise(NamedTuple):
    is_kept_by: Callable[[str], bool]
    #: What the property should hold, in words.
    wanted: str
    #: What would become of us if it did not.
    otherwise: str


def _one_of(*values: str, otherwise: str) -> _Promise:
    return _Promise(lambda value: value.lower() in values, values[0], otherwise)


def _at_most(limit: int, *, otherwise: str) -> _Promise:
    def is_kept_by(value: str) -> bool:
        # librdkafka reads more than Python as a number, such as "60000ms".
        try:
            return float(value) <= limit
        except ValueError:
            return False

    return _Promise(is_kept_by, f"at most {limit}", otherwise)


_ACKS = _one_of("all", "-1", otherwise="a reader forgets what Kafka has not confirmed")
_IDEMPOTENCE = _one_of("true", "1", otherwise="a retry may repeat messages or change their order")
_NO_TIMEOUT = _one_of("0", otherwise="messages are given up in a long outage")
_LINGER = _at_most(
    TRANSACTION_MS,
    otherwise=f"a transaction, which lasts {TRANSACTION_MS} ms, waits for its records",
)

#: The promise that nothing is lost stands on these.
_PROMISED = {
    "acks": _ACKS,
    "request.required.acks": _ACKS,
    "enable.idempotence": _IDEMPOTENCE,
}

#: With transactions, what is given up goes with its whole transaction, and readers send it again.
_PROMISED_WITHOUT_TRANSACTIONS = {
    "message.timeout.ms": _NO_TIMEOUT,
    "delivery.timeout.ms": _NO_TIMEOUT,
}

#: And nothing flushes what a transaction waits for.
_PROMISED_WITH_TRANSACTIONS = {
    "linger.ms": _LINGER,
    "queue.buffering.max.ms": _LINGER,
}

#: Properties that cannot be set this way, and why.
_REFUSED = {
    "bootstrap.servers": "KAFKA_BROKERS is the setting for this",
    "metadata.broker.list": "KAFKA_BROKERS is the setting for this",
    "client.id": "KAFKA_CLIENT_ID is the setting for this",
    "delivery.report.only.error": "acknowledgements are made from the reports of success",
    "transactional.id": "KAFKA_TRANSACTIONAL_ID is the setting for this",
}


@dataclass(frozen=True)
class Cluster:
    """The Kafka cluster that the publisher writes to."""

    #: Its bootstrap servers, comma-separated host:port.
    brokers: str
    #: Whether it is the one in this process, for trying out.
    embedded: bool = False


def connection_properties(settings: Settings, cluster: Cluster) -> dict[str, str]:
    """Return what any client needs to reach *cluster*: a producer, a consumer, an admin client."""
    return {
        "bootstrap.servers": cluster.brokers,
        "client.id": settings.kafka_client_id,
        # A firewall that forgets an idle connection must not cost the next message a timeout.
        "socket.keepalive.enable": "true",
        # After an outage we are back within 2 s (librdkafka would wait up to 10 s).
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

    Raises SettingsError when a KAFKA_CONF_* would break the promise that nothing is lost, or has a
    setting of its own. The properties are librdkafka's: see its CONFIGURATION.md.
    """
    _check(settings, _PROMISED | _PROMISED_WITHOUT_TRANSACTIONS)
    return {
        **_shared_properties(settings, cluster),
        # Records wait out any outage; librdkafka's default gives them up after 5 minutes.
        "message.timeout.ms": "0",
        **_own(settings, cluster),
    }


def transactional_properties(
    settings: Settings, cluster: Cluster, transactional_id: str
) -> dict[str, str]:
    """
    Return the properties of the producer that delivers exactly once.

    Raises SettingsError, as `producer_properties`, and when *cluster* is the embedded one.
    """
    _check(settings, _PROMISED | _PROMISED_WITH_TRANSACTIONS)
    if cluster.embedded:
        # It takes the requests, but to whoever reads, all of it is committed.
        raise SettingsError(
            "DELIVERY holds exactly-once, but the embedded Kafka has no transactions: "
            "KAFKA_BROKERS should name a real one, or DELIVERY should hold at-least-once"
        )
    return {
        **_shared_properties(settings, cluster),
        "transactional.id": transactional_id,
        # message.timeout.ms is by itself transaction.timeout.ms, a minute: past that Kafka aborts
        # the transaction, and what waits to be sent in it has no use.
        **_own(settings, cluster),
    }


def _shared_properties(settings: Settings, cluster: Cluster) -> dict[str, str]:
    """Return what both kinds of producers have."""
    return {
        **connection_properties(settings, cluster),
        # Confirmed means: every in-sync replica has it.
        "acks": "all",
        # A retry neither repeats a record nor overtakes another.
        "enable.idempotence": "true",
        # A partition that has never heard of a producer takes any sequence number from it. Where it
        # had just been created, and refused the first request but took the second, the first
        # was lost. So a request waits for the answer to the one before it.
        "max.in.flight": "1",
        # 2 ms of waiting for company: 2.4 ms from produce to confirmation at 1,000 messages/s (0.1
        # ms with 0), and batches fill by themselves when there is more to do.
        "linger.ms": "2",
        # A quarter of what a broker takes by default (message.max.bytes); larger is not faster.
        "batch.size": "262144",
        # kafkajs reads neither lz4 nor snappy nor zstd without further packages, and gzip costs 12
        # microseconds a message. For those that can read it, zstd makes chat 3.6 times smaller and
        # lz4 2.3 times, both without a measurable loss of speed: KAFKA_CONF_COMPRESSION_TYPE=zstd.
        "compression.type": "none",
        # Java's and kafkajs's choice of partition, so that other topics keyed by channel match.
        "partitioner": "murmur2_random",
        # Bounds what lies here in an outage; the rest waits in the readers' outboxes, on disk.
        "queue.buffering.max.messages": "100000",
        "queue.buffering.max.kbytes": "65536",
        # topics.py creates topics, with the partitions we want. The embedded cluster can only do
        # it by itself.
        "allow.auto.create.topics": "true" if cluster.embedded else "false",
    }


def _own(settings: Settings, cluster: Cluster) -> dict[str, str]:
    """Return the user's properties, as far as *cluster* can do with them."""
    if not cluster.embedded:
        return dict(settings.kafka_properties)
    return {
        name: value
        for name, value in settings.kafka_properties.items()
        if not name.startswith(_SECURITY_PREFIXES)
    }


def _check(settings: Settings, promised: Mapping[str, _Promise]) -> None:
    errors = []
    for name, value in settings.kafka_properties.items():
        variable = KAFKA_CONF_PREFIX + name.upper().replace(".", "_")
        if name in _REFUSED:
            errors.append(f"{variable} is set, but {_REFUSED[name]}")
        promise = promised.get(name)
        if promise is not None and not promise.is_kept_by(value):
            errors.append(
                f"{variable} holds {value!r}, but should hold {promise.wanted}:"
                f" else {promise.otherwise}"
            )
    if errors:
        raise SettingsError("\n".join(errors))


def rejected_property(error: Exception) -> SettingsError:
    """Return, for librdkafka's *error* about a property, what the user has to know."""
    return SettingsError(f"a {KAFKA_CONF_PREFIX}* setting is wrong: {error} (see {_CONFIGURATION})")
