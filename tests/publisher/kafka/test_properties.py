"""What is handed to librdkafka, and what of it a user may change."""

from __future__ import annotations

import pytest
from confluent_kafka import Consumer, Producer

from common.settings import Settings, SettingsError, read_settings
from publisher.kafka.properties import (
    Cluster,
    connection_properties,
    producer_properties,
    transactional_properties,
)
from tests.processes import StartProcess, python_module

CLUSTER = Cluster("127.0.0.1:1")
EMBEDDED = Cluster("127.0.0.1:1", embedded=True)
SASL = {
    "KAFKA_CONF_SECURITY_PROTOCOL": "SASL_SSL",
    "KAFKA_CONF_SASL_MECHANISM": "PLAIN",
    "KAFKA_CONF_SASL_USERNAME": "me",
    "KAFKA_CONF_SASL_PASSWORD": "hunter2",
}


def settings(**environment: str) -> Settings:
    return read_settings(environment)


def test_the_promise_stands_without_any_setting() -> None:
    """Nothing is confirmed too early, given up, repeated or reordered."""
    properties = producer_properties(settings(), CLUSTER)

    assert properties["acks"] == "all"
    assert properties["enable.idempotence"] == "true"
    assert properties["message.timeout.ms"] == "0"


def test_with_transactions_the_promise_stands_too() -> None:
    """Nothing is confirmed too early, repeated or reordered; only one publisher has the id."""
    properties = transactional_properties(settings(), CLUSTER, "us")

    assert properties["acks"] == "all"
    assert properties["enable.idempotence"] == "true"
    assert properties["transactional.id"] == "us"


def test_librdkafka_takes_all_of_our_properties() -> None:
    """No name or value is wrong, for both producers and for a consumer."""
    Producer(producer_properties(settings(**SASL), CLUSTER))
    Producer(transactional_properties(settings(**SASL), CLUSTER, "us"))
    Consumer({**connection_properties(settings(**SASL), CLUSTER), "group.id": "x"})


def test_any_other_property_can_be_changed() -> None:
    """KAFKA_CONF_* goes before what we would have set."""
    changed = settings(KAFKA_CONF_LINGER_MS="20", KAFKA_CONF_COMPRESSION_TYPE="zstd")

    properties = producer_properties(changed, CLUSTER)

    assert (properties["linger.ms"], properties["compression.type"]) == ("20", "zstd")


def test_the_one_property_with_an_underscore_can_be_set() -> None:
    """librdkafka takes it, for what publishes and for what only looks."""
    quiet = settings(KAFKA_CONF_LOG_LEVEL="0")

    assert Producer(producer_properties(quiet, CLUSTER)) is not None
    assert connection_properties(quiet, CLUSTER)["log_level"] == "0"


def test_how_long_a_transaction_lasts_can_be_changed() -> None:
    """What times out in it is sent again, so nothing is lost by it; without, it would be."""
    shorter = settings(
        KAFKA_CONF_TRANSACTION_TIMEOUT_MS="10000", KAFKA_CONF_MESSAGE_TIMEOUT_MS="5000"
    )

    properties = transactional_properties(shorter, CLUSTER, "us")

    assert properties["transaction.timeout.ms"] == "10000"
    assert properties["message.timeout.ms"] == "5000"
    Producer(properties)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("KAFKA_CONF_ACKS", "1"),
        ("KAFKA_CONF_REQUEST_REQUIRED_ACKS", "0"),
        ("KAFKA_CONF_ENABLE_IDEMPOTENCE", "false"),
        ("KAFKA_CONF_MESSAGE_TIMEOUT_MS", "300000"),
        ("KAFKA_CONF_DELIVERY_TIMEOUT_MS", "1000"),
        ("KAFKA_CONF_DELIVERY_REPORT_ONLY_ERROR", "true"),
        ("KAFKA_CONF_BOOTSTRAP_SERVERS", "kafka:9092"),
        ("KAFKA_CONF_CLIENT_ID", "me"),
        ("KAFKA_CONF_TRANSACTIONAL_ID", "me"),
    ],
)
def test_what_would_break_the_promise_is_refused_by_name(variable: str, value: str) -> None:
    """Raises SettingsError that names the variable."""
    wrong = settings(**{variable: value})

    with pytest.raises(SettingsError, match=rf"^{variable} "):
        producer_properties(wrong, CLUSTER)
    if not variable.endswith("TIMEOUT_MS"):
        with pytest.raises(SettingsError, match=rf"^{variable} "):
            transactional_properties(wrong, CLUSTER, "us")


@pytest.mark.parametrize("name", ["LINGER_MS", "QUEUE_BUFFERING_MAX_MS"])
@pytest.mark.parametrize("value", ["50.1", "60000ms", "0x64", "nan"])
def test_a_transaction_does_not_wait_long_for_its_records(name: str, value: str) -> None:
    """At least once, records may linger as long as one likes, in whatever librdkafka can read."""
    variable = f"KAFKA_CONF_{name}"
    longer = settings(**{variable: value})

    assert producer_properties(longer, CLUSTER)
    with pytest.raises(SettingsError, match=f"^{variable} holds '{value}', but should hold at mo"):
        transactional_properties(longer, CLUSTER, "us")
    assert transactional_properties(settings(**{variable: "50"}), CLUSTER, "us")


def test_all_wrong_properties_are_told_at_once() -> None:
    """A line for each of them."""
    wrong = settings(KAFKA_CONF_ACKS="1", KAFKA_CONF_MESSAGE_TIMEOUT_MS="1")

    with pytest.raises(SettingsError) as caught:
        producer_properties(wrong, CLUSTER)

    assert len(str(caught.value).splitlines()) == 2


@pytest.mark.parametrize(
    ("variable", "value"), [("KAFKA_CONF_ACKS", "-1"), ("KAFKA_CONF_ENABLE_IDEMPOTENCE", "True")]
)
def test_what_says_the_same_in_other_words_is_no_error(variable: str, value: str) -> None:
    """Takes librdkafka's other spellings."""
    producer_properties(settings(**{variable: value}), CLUSTER)


def test_a_client_that_only_looks_gets_the_connection_and_not_the_rest() -> None:
    """A consumer would warn of a producer's properties."""
    both = settings(**SASL, KAFKA_CONF_LINGER_MS="20", KAFKA_CONF_PARTITIONER="random")

    properties = connection_properties(both, CLUSTER)

    assert properties["sasl.username"] == "me"
    assert not {"linger.ms", "partitioner"} & properties.keys()


def test_the_embedded_cluster_is_spoken_to_in_the_clear() -> None:
    """A production `.env` with SASL_SSL does not keep the embedded cluster from being tried."""
    properties = producer_properties(settings(**SASL, KAFKA_CONF_LINGER_MS="20"), EMBEDDED)

    assert not [name for name in properties if name.startswith(("sasl.", "security."))]
    assert properties["linger.ms"] == "20"


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("KAFKA_CONF_ACKS", "1", "KAFKA_CONF_ACKS holds '1', but should hold all"),
        ("KAFKA_CONF_NO_SUCH_THING", "1", 'No such configuration property: "no.such.thing"'),
        ("KAFKA_CONF_LINGER_MS", "soon", "Invalid value for configuration property"),
    ],
)
def test_a_wrong_property_ends_the_publisher_with_its_own_status(
    processes: StartProcess, variable: str, value: str, words: str
) -> None:
    """Status 78 keeps supervisord from trying again, and one line says what is wrong."""
    binds = {"PUBLISHER_BIND": "tcp://127.0.0.1:0", "PUBLISHER_ACK_BIND": "tcp://127.0.0.1:0"}
    process = processes(python_module("publisher"), {**binds, variable: value})

    assert process.wait(20) == 78
    assert words in process.output()
    assert "Traceback" not in process.output()
