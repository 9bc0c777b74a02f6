"""librdkafka's properties: what we set and why, what KAFKA_CONF_* may change, and what not."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

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

_Promises = dict[str, tuple[tuple[str, ...], str]]

#: The promise that nothing is lost stands on these: the values that each may have, and why.
_PROMISED: _Promises = {
    "acks": (("all", "-1"), "a reader forgets a message once Kafka has confirmed it"),
    "request.required.acks": (("all", "-1"), "a reader forgets what Kafka has confirmed"),
    "enable.idempotence": (("true", "1"), "a retry may repeat messages or change their order"),
}

#: With transactions, what is given up goes with its whole transaction, and readers send it again.
_PROMISED_WITHOUT_TRANSACTIONS: _Promises = {
    "message.timeout.ms": (("0",), "messages are given up in a long outage"),
    "delivery.timeout.ms": (("0",), "messages are given up in a long outage"),
}

#: The same property under two names, and the most it may be with transactions, in milliseconds: one
#: lasts 50 ms (TRANSACTION_S), and records that wait longer would hold up its end.
_LINGER = ("linger.ms", "queue.buffering.max.ms")
_MAX_LINGER_MS = 50

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
    _check(settings, _PROMISED)
    _check_linger(settings)
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


def _check(settings: Settings, promised: _Promises) -> None:
    errors = []
    for name, value in settings.kafka_properties.items():
        variable = _variable(name)
        if name in _REFUSED:
            errors.append(f"{variable} is set, but {_REFUSED[name]}")
        if name in promised:
            allowed, otherwise = promised[name]
            if value.lower() not in allowed:
                errors.append(
                    f"{variable} holds {value!r}, but should hold {allowed[0]}: else {otherwise}"
                )
    if errors:
        raise SettingsError("\n".join(errors))


def _check_linger(settings: Settings) -> None:
    for name in _LINGER:
        value = settings.kafka_properties.get(name, "0")
        # What is no number, librdkafka refuses.
        with contextlib.suppress(ValueError):
            if float(value) > _MAX_LINGER_MS:
                raise SettingsError(
                    f"{_variable(name)} holds {value!r}, but should hold at most {_MAX_LINGER_MS}"
                    " with DELIVERY=exactly-once: a transaction lasts that long, and would have to"
                    " wait for its records"
                )


def _variable(name: str) -> str:
    return KAFKA_CONF_PREFIX + name.upper().replace(".", "_")


def rejected_property(error: Exception) -> SettingsError:
    """Return, for librdkafka's *error* about a property, what the user has to know."""
    return SettingsError(f"a {KAFKA_CONF_PREFIX}* setting is wrong: {error} (see {_CONFIGURATION})")
