"""A client of Kafka for a check: it responds within seconds, or says what keeps it from Kafka."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from concurrent.futures import wait

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AdminClient,
    ClusterMetadata,
    ConfigResource,
    ResourceType,
)

#: Seconds until a broker must have responded.
WITHIN_S = 8.0
#: Milliseconds until a connection must be usable, so that a broker that is silent is named.
_CONNECTION_MS = "4000"
_REQUEST_S = 1.0
_BROKER_S = 3.0
#: A large cluster is only sampled.
_MOST_BROKERS = 20
_NO_RESPONSE = {KafkaError._TIMED_OUT, KafkaError._TRANSPORT, KafkaError.REQUEST_TIMED_OUT}

#: A line of librdkafka about a connection: "[thrd:…]: HOST:PORT/ID: TEXT (after 2ms in state …)".
_FAILURE = re.compile(r"\[thrd:[^\]]*\]: (?:\w+://)?(?P<broker>\S+): (?P<text>.*?)(?: \(after .*)?")
_BOOTSTRAP = "/bootstrap"

#: What to do, by a part of librdkafka's text.
_WHAT_TO_DO = (
    ("refused", "start Kafka, or correct KAFKA_BROKERS"),
    ("resolve", "correct the name in KAFKA_BROKERS, or the DNS of this host"),
    ("Authentication failed", "correct KAFKA_CONF_SASL_USERNAME and KAFKA_CONF_SASL_PASSWORD"),
    ("SASL", "compare KAFKA_CONF_SECURITY_PROTOCOL and KAFKA_CONF_SASL_* with the broker's"),
    ("certificate", "set KAFKA_CONF_SSL_CA_LOCATION to the certificates of the broker's authority"),
    ("SSL", "compare KAFKA_CONF_SECURITY_PROTOCOL with what the broker's port speaks"),
    ("Invalid response size", "something else than Kafka, or Kafka with TLS, listens there:"
     " correct KAFKA_BROKERS or KAFKA_CONF_SECURITY_PROTOCOL"),
    ("Disconnected", "compare KAFKA_CONF_SECURITY_PROTOCOL with what the broker's port speaks"),
    ("timed out", "check the address, firewalls, and whether the port is Kafka's"),
)  # fmt: skip


class UnreachableError(Exception):
    """Raised when no broker responds. The text has a line for each broker, and what to do."""


class KafkaClient:
    """An admin client with *properties*, those of a connection."""

    def __init__(self, properties: Mapping[str, str]) -> None:
        """Raises KafkaException, TypeError or ValueError when librdkafka refuses a property."""
        #: The last failure of each broker.
        self._failures: dict[str, str] = {}
        self.properties = properties
        self.brokers = properties["bootstrap.servers"]
        user = properties.get("sasl.username")
        #: Whom ACLs name, "" if that is not known.
        self.principal = f"User:{user}" if user else ""
        self.admin = AdminClient(
            {
                **properties,
                # To ask for a topic must not create it.
                "allow.auto.create.topics": "false",
                "log_level": "6",  # connections that end without an error are only logged
                "socket.connection.setup.timeout.ms": _CONNECTION_MS,
            },
            logger=self,
        )

    def log(self, _level: int, _message: str, *arguments: object) -> None:
        """Take a line of librdkafka's log: its facility, the client and the text."""
        found = _FAILURE.fullmatch(str(arguments[-1])) if arguments[:1] == ("FAIL",) else None
        if found:
            self._failures[found["broker"]] = found["text"]

    def connect(self) -> ClusterMetadata:
        """Return the cluster's metadata. Raises UnreachableError."""
        deadline = time.monotonic() + WITHIN_S
        while True:
            try:
                return self.admin.list_topics(timeout=_REQUEST_S)
            except KafkaException as error:
                self.admin.poll(0)
                if time.monotonic() > deadline or self._all_have_failed():
                    raise UnreachableError("\n".join(self._reasons() or [_text(error)])) from None

    def unreachable(self, cluster: ClusterMetadata) -> list[str]:
        """Return a text for each broker of *cluster* that does not respond at the address there."""
        futures = {
            number: self.admin.describe_configs(
                [ConfigResource(ResourceType.BROKER, str(number))], request_timeout=_BROKER_S
            )
            for number in sorted(cluster.brokers)[:_MOST_BROKERS]
        }
        texts = []
        for number, (future,) in ((number, each.values()) for number, each in futures.items()):
            wait([future])
            # A refusal is a response.
            if _code(future.exception()) in _NO_RESPONSE:
                broker = cluster.brokers[number]
                address = f"{broker.host}:{broker.port}"
                self.admin.poll(0)
                failure = self._failures.get(f"{address}/{number}", "does not respond")
                texts.append(_wrong_address(address, number, failure))
        return texts

    def grant(self, options: str) -> str:
        """Return the command that adds an ACL; *options* name the operations and the resource."""
        return (
            f"kafka-acls.sh --bootstrap-server {self.brokers} --add --allow-principal"
            f" {self.principal or 'User:NAME'}{options}"
        )

    def _all_have_failed(self) -> bool:
        failed = [broker for broker in self._failures if broker.endswith(_BOOTSTRAP)]
        return len(failed) >= len(self.brokers.split(","))

    def _reasons(self) -> list[str]:
        return [_reason(broker, text) for broker, text in self._failures.items()]


def _reason(broker: str, failure: str) -> str:
    """Return what to do about the *failure* of *broker*: an address, a slash and its number."""
    address, _, number = broker.rpartition("/")
    if number.isdecimal():
        return _wrong_address(address, int(number), failure)
    return f"{broker.removesuffix(_BOOTSTRAP)}: {failure}: {_what_to_do(failure)}"


def _wrong_address(address: str, number: int, failure: str) -> str:
    return (
        f"{address}, the address that the cluster gives its clients for broker {number}: {failure}:"
        " correct advertised.listeners of that broker, the DNS of this host, or firewalls"
    )


def _code(error: BaseException | None) -> int | None:
    cause = error.args[0] if isinstance(error, KafkaException) else None
    return cause.code() if isinstance(cause, KafkaError) else None


def _what_to_do(text: str) -> str:
    folded = text.lower()
    return next(
        (what for part, what in _WHAT_TO_DO if part.lower() in folded), "correct KAFKA_BROKERS"
    )


def _text(error: KafkaException) -> str:
    return str(error.args[0].str())
