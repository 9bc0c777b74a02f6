"""What librdkafka refuses is told in the names of the settings, without secrets."""

from __future__ import annotations

from pathlib import Path

import pytest
from confluent_kafka import Producer

from common.settings import SettingsError, read_settings
from publisher.kafka.admin import admin_client
from publisher.kafka.properties import Cluster, connection_properties, producer_properties
from publisher.kafka.property_errors import rejected_properties
from tests.processes import StartProcess, python_module

CLUSTER = Cluster("127.0.0.1:1")
TLS = {"KAFKA_CONF_SECURITY_PROTOCOL": "SASL_SSL"}
LOGIN = {"KAFKA_CONF_SASL_USERNAME": "me", "KAFKA_CONF_SASL_PASSWORD": "hunter2"}


def _error(**environment: str) -> str:
    """Return the text for the user about what librdkafka refuses in *environment*."""
    properties = producer_properties(read_settings(environment), CLUSTER)
    with pytest.raises(Exception) as caught:  # noqa: PT011 - of several types
        Producer(properties)
    return str(rejected_properties(caught.value, properties))


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("COMPRESSION_TYPE", "brotli", "holds 'brotli', but should hold one of none, gzip, "),
        ("TOPIC_COMPRESSION_TYPE", "x", "holds 'x', but should hold one of none, gzip, "),
        ("LINGER_MS", "soon", "holds 'soon', but should hold a number, 0 to 900000"),
        ("LINGER_MS", "-5", "holds '-5', but should hold a number, 0 to 900000"),
        ("RETRIES", "-2", "holds '-2', but should hold a number, 0 to 2147483647"),
        ("DEBUG", "all,foo", "holds 'all,foo', but should hold one or more of generic, broker, "),
        ("SOCKET_KEEPALIVE_ENABLE", "maybe", "holds 'maybe', but should hold true or false"),
        ("PLUGIN_LIBRARY_PATHS", "/no.so", "holds '/no.so', but librdkafka says: dlopen() failed"),
    ],
)
def test_a_wrong_value_is_told_with_what_it_should_be(name: str, value: str, text: str) -> None:
    """Under the name that the user has written, not under another one of librdkafka's."""
    error = _error(**{f"KAFKA_CONF_{name}": value})

    assert error.startswith(f"KAFKA_CONF_{name} {text}")
    assert len(error.splitlines()) == 1


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("SASL_PASWORD", "; did you mean KAFKA_CONF_SASL_PASSWORD?"),
        ("COMPRESION_TYPE", "; did you mean KAFKA_CONF_COMPRESSION_TYPE?"),
        ("ZZZ", ""),
    ],
)
def test_an_unknown_property_is_told_with_the_nearest_one(name: str, hint: str) -> None:
    """Without its value, which may be a secret."""
    error = _error(**{f"KAFKA_CONF_{name}": "hunter2"})

    name_there = name.lower().replace("_", ".")
    assert error.startswith(
        f"KAFKA_CONF_{name} is set, but librdkafka has no property {name_there}{hint} (see https:"
    )
    assert "hunter2" not in error


def test_all_wrong_properties_are_told_together() -> None:
    """With a line for each."""
    error = _error(
        KAFKA_CONF_LINGER_MS="soon", KAFKA_CONF_BATCH_SIZE="-1", KAFKA_CONF_NO_SUCH_THING="1"
    )

    lines = error.splitlines()
    assert [line.split()[0].removeprefix("KAFKA_CONF_") for line in lines] == [
        "LINGER_MS",
        "BATCH_SIZE",
        "NO_SUCH_THING",
    ]


@pytest.mark.parametrize(
    "name", ["SSL_CA_LOCATION", "SSL_CERTIFICATE_LOCATION", "SSL_KEY_LOCATION"]
)
def test_a_missing_file_is_told(name: str, tmp_path: Path) -> None:
    """librdkafka has only the number of an error of OpenSSL."""
    file = str(tmp_path / "there is none.pem")
    error = _error(KAFKA_CONF_SECURITY_PROTOCOL="SSL", **{f"KAFKA_CONF_{name}": file})

    assert error == (
        f"KAFKA_CONF_{name} holds {file!r}, but that cannot be read: No such file or directory"
    )


def test_a_file_without_a_certificate_is_told(tmp_path: Path) -> None:
    """It can be read, but it is not what it should be."""
    file = tmp_path / "ca.pem"
    file.write_text("no certificate")
    error = _error(KAFKA_CONF_SECURITY_PROTOCOL="SSL", KAFKA_CONF_SSL_CA_LOCATION=str(file))

    assert error.startswith(
        f"KAFKA_CONF_SSL_CA_LOCATION holds {str(file)!r}, but librdkafka says: "
        "KAFKA_CONF_SSL_CA_LOCATION failed: "
    )


@pytest.mark.parametrize(
    ("environment", "text"),
    [
        (
            TLS | LOGIN | {"KAFKA_CONF_SASL_MECHANISM": "FOO"},
            "KAFKA_CONF_SASL_MECHANISM holds 'FOO', but librdkafka supports no such SASL",
        ),
        (
            TLS | LOGIN | {"KAFKA_CONF_SASL_MECHANISMS": "FOO"},
            "KAFKA_CONF_SASL_MECHANISMS holds 'FOO', but librdkafka supports no such SASL",
        ),
        (TLS | LOGIN, "KAFKA_CONF_SASL_MECHANISM is not set, which means GSSAPI, but librdkafka"),
    ],
)
def test_an_unsupported_mechanism_is_told(environment: dict[str, str], text: str) -> None:
    """GSSAPI is librdkafka's default, but is not part of every build of it."""
    assert _error(**environment).startswith(text)


def test_properties_that_do_not_fit_together_are_told() -> None:
    """All that librdkafka names, with what they hold."""
    plain = TLS | {"KAFKA_CONF_SASL_MECHANISM": "PLAIN"}

    assert _error(**plain, KAFKA_CONF_SASL_USERNAME="me").startswith(
        "KAFKA_CONF_SASL_USERNAME holds 'me', but librdkafka says: KAFKA_CONF_SASL_USERNAME and "
        "KAFKA_CONF_SASL_PASSWORD must be set"
    )
    assert _error(**plain, KAFKA_CONF_SASL_PASSWORD="hunter2").startswith(
        "KAFKA_CONF_SASL_PASSWORD holds a secret, but librdkafka says: "
    )
    assert _error(
        KAFKA_CONF_RECONNECT_BACKOFF_MS="5000", KAFKA_CONF_RECONNECT_BACKOFF_MAX_MS="100"
    ).startswith(
        "KAFKA_CONF_RECONNECT_BACKOFF_MAX_MS holds '100' and "
        "KAFKA_CONF_RECONNECT_BACKOFF_MS holds '5000', but librdkafka says: "
    )


@pytest.mark.parametrize("name", ["SSL_KEY_PEM", "SSL_KEY_PASSWORD", "SSL_KEYSTORE_PASSWORD"])
def test_no_secret_is_shown(name: str) -> None:
    """Whatever else is wrong."""
    secret = "-----BEGIN PRIVATE KEY-----hunter2"
    wrong = {"KAFKA_CONF_SECURITY_PROTOCOL": "SSL", "KAFKA_CONF_SSL_KEYSTORE_LOCATION": "/none"}
    assert "hunter2" not in _error(**wrong, **{f"KAFKA_CONF_{name}": secret})


def test_an_admin_client_tells_it_too() -> None:
    """It has only the properties of the connection."""
    wrong = read_settings({"KAFKA_CONF_SOCKET_KEEPALIVE_ENABLE": "maybe"})
    with pytest.raises(SettingsError, match=r"^KAFKA_CONF_SOCKET_KEEPALIVE_ENABLE holds 'maybe'"):
        admin_client(connection_properties(wrong, CLUSTER))


@pytest.mark.parametrize("module", [("publisher",), ("publisher", "tail")])
@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("KAFKA_CONF_SECURITY_PROTOCOL", "TLS", "holds 'TLS', but should hold one of plaintext, "),
        ("KAFKA_CONF_SOCKET_NO_SUCH_THING", "1", "is set, but librdkafka has no property socket."),
    ],
)
def test_a_wrong_property_ends_the_process_with_status_78(
    processes: StartProcess, module: tuple[str, ...], variable: str, value: str, words: str
) -> None:
    """supervisord does not restart it after that status. One line says what is wrong."""
    settings = {
        "PUBLISHER_BIND": "tcp://127.0.0.1:0",
        "PUBLISHER_ACK_BIND": "tcp://127.0.0.1:0",
        "KAFKA_BROKERS": "127.0.0.1:1",
        variable: value,
    }
    process = processes(python_module(*module), settings)

    assert process.wait(20) == 78
    assert f": {variable} {words}" in process.output()
    assert "Traceback" not in process.output()
    assert "KafkaError" not in process.output()
