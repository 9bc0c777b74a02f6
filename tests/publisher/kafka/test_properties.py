"""The properties that librdkafka gets, and which of them users can change."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from confluent_kafka import Consumer, Producer

from common.settings import Settings, SettingsError, read_settings
from publisher.kafka.properties import (
    Cluster,
    connection_properties,
    producer_properties,
    transactional_properties,
)
from publisher.kafka.property_table import property_table

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


def test_the_guarantees_hold_without_any_setting() -> None:
    """No record is confirmed too early, dropped, duplicated or reordered."""
    properties = producer_properties(settings(), CLUSTER)

    assert properties["acks"] == "all"
    assert properties["enable.idempotence"] == "true"
    assert properties["message.timeout.ms"] == "0"
    assert properties["max.in.flight"] == "1"


def test_the_guarantees_hold_with_transactions() -> None:
    """No record is confirmed too early, duplicated or reordered. The transactional.id is set."""
    properties = transactional_properties(settings(KAFKA_TRANSACTIONAL_ID="us"), CLUSTER)

    assert properties["acks"] == "all"
    assert properties["enable.idempotence"] == "true"
    assert properties["transactional.id"] == "us"
    assert properties["max.in.flight"] == "1"


def test_librdkafka_accepts_all_of_our_properties() -> None:
    """Names and values are valid for both producers and for a consumer."""
    Producer(producer_properties(settings(**SASL), CLUSTER))
    Producer(transactional_properties(settings(**SASL), CLUSTER))
    Consumer({**connection_properties(settings(**SASL), CLUSTER), "group.id": "x"})


def test_any_other_property_can_be_changed() -> None:
    """KAFKA_CONF_* overrides our default."""
    changed = settings(KAFKA_CONF_LINGER_MS="20", KAFKA_CONF_COMPRESSION_TYPE="zstd")

    properties = producer_properties(changed, CLUSTER)

    assert (properties["linger.ms"], properties["compression.type"]) == ("20", "zstd")


def test_the_one_property_with_an_underscore_can_be_set() -> None:
    """librdkafka accepts it, for producers and for clients that only read."""
    quiet = settings(KAFKA_CONF_LOG_LEVEL="0")

    assert Producer(producer_properties(quiet, CLUSTER)) is not None
    assert connection_properties(quiet, CLUSTER)["log_level"] == "0"


def test_how_long_a_transaction_lasts_can_be_changed() -> None:
    """Records that time out in a transaction are sent again, so a shorter time-out is safe."""
    shorter = settings(
        KAFKA_CONF_TRANSACTION_TIMEOUT_MS="10000", KAFKA_CONF_MESSAGE_TIMEOUT_MS="5000"
    )

    properties = transactional_properties(shorter, CLUSTER)

    assert properties["transaction.timeout.ms"] == "10000"
    assert properties["message.timeout.ms"] == "5000"
    Producer(properties)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("KAFKA_CONF_ACKS", "1"),
        ("KAFKA_CONF_REQUEST_REQUIRED_ACKS", "0"),
        ("KAFKA_CONF_TOPIC_ACKS", "1"),
        ("KAFKA_CONF_ENABLE_IDEMPOTENCE", "false"),
        ("KAFKA_CONF_MAX_IN_FLIGHT", "5"),
        ("KAFKA_CONF_MAX_IN_FLIGHT_REQUESTS_PER_CONNECTION", "5"),
        ("KAFKA_CONF_PARTITIONER", "random"),
        ("KAFKA_CONF_TEST_MOCK_NUM_BROKERS", "1"),
        ("KAFKA_CONF_MESSAGE_TIMEOUT_MS", "300000"),
        ("KAFKA_CONF_DELIVERY_TIMEOUT_MS", "1000"),
        ("KAFKA_CONF_TOPIC_MESSAGE_TIMEOUT_MS", "1000"),
        ("KAFKA_CONF_DELIVERY_REPORT_ONLY_ERROR", "true"),
        ("KAFKA_CONF_BOOTSTRAP_SERVERS", "kafka:9092"),
        ("KAFKA_CONF_CLIENT_ID", "me"),
        ("KAFKA_CONF_TRANSACTIONAL_ID", "me"),
        ("KAFKA_CONF_LOGGER", "me"),
        ("KAFKA_CONF_DEFAULT_TOPIC_CONFIG", "acks=1"),
    ],
)
def test_a_property_that_would_break_the_guarantees_is_refused(variable: str, value: str) -> None:
    """Raises SettingsError that names the variable."""
    wrong = settings(**{variable: value})

    with pytest.raises(SettingsError, match=rf"^{variable} "):
        producer_properties(wrong, CLUSTER)
    if not variable.endswith("TIMEOUT_MS"):
        with pytest.raises(SettingsError, match=rf"^{variable} "):
            transactional_properties(wrong, CLUSTER)


def test_every_name_of_a_property_is_refused_like_its_other_names() -> None:
    """The names are those that librdkafka itself lists."""
    aliases = [(name, about.name) for name, about in property_table().items() if name != about.name]
    assert ("linger.ms", "queue.buffering.max.ms") in aliases

    for alias, name in aliases:
        one, other = (settings(**{_variable(each): "77"}) for each in (alias, name))
        for properties in (producer_properties, transactional_properties):
            assert _is_refused(properties, one) == _is_refused(properties, other), alias


def _variable(name: str) -> str:
    return "KAFKA_CONF_" + name.upper().replace(".", "_")


def _is_refused(
    properties: Callable[[Settings, Cluster], dict[str, str]], changed: Settings
) -> bool:
    try:
        properties(changed, CLUSTER)
    except SettingsError:
        return True
    return False


@pytest.mark.parametrize("name", ["LINGER_MS", "QUEUE_BUFFERING_MAX_MS"])
@pytest.mark.parametrize("value", ["50.1", "60000ms", "0x64", "nan"])
def test_linger_is_bounded_with_transactions(name: str, value: str) -> None:
    """With at-least-once there is no bound; librdkafka itself checks the value."""
    variable = f"KAFKA_CONF_{name}"
    longer = settings(**{variable: value})

    assert producer_properties(longer, CLUSTER)
    with pytest.raises(SettingsError, match=f"^{variable} holds '{value}', but should hold at mo"):
        transactional_properties(longer, CLUSTER)
    assert transactional_properties(settings(**{variable: "50"}), CLUSTER)


def test_all_wrong_properties_are_reported_together() -> None:
    """With a line for each."""
    wrong = settings(KAFKA_CONF_ACKS="1", KAFKA_CONF_MESSAGE_TIMEOUT_MS="1")

    with pytest.raises(SettingsError) as caught:
        producer_properties(wrong, CLUSTER)

    assert len(str(caught.value).splitlines()) == 2


@pytest.mark.parametrize(
    ("variable", "value"), [("KAFKA_CONF_ACKS", "-1"), ("KAFKA_CONF_ENABLE_IDEMPOTENCE", "True")]
)
def test_other_spellings_of_a_required_value_are_accepted(variable: str, value: str) -> None:
    """librdkafka has more than one spelling for some values."""
    producer_properties(settings(**{variable: value}), CLUSTER)


def test_a_client_that_only_reads_gets_only_the_connection_properties() -> None:
    """A consumer would warn about a producer's properties."""
    both = settings(**SASL, KAFKA_CONF_LINGER_MS="20", KAFKA_CONF_PARTITIONER="random")

    properties = connection_properties(both, CLUSTER)

    assert properties["sasl.username"] == "me"
    assert not {"linger.ms", "partitioner"} & properties.keys()


def test_connections_to_the_embedded_cluster_are_not_encrypted() -> None:
    """The embedded cluster works with a production `.env` that sets SASL_SSL."""
    properties = producer_properties(settings(**SASL, KAFKA_CONF_LINGER_MS="20"), EMBEDDED)

    assert not [name for name in properties if name.startswith(("sasl.", "security."))]
    assert properties["linger.ms"] == "20"
