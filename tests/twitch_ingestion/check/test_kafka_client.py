"""What keeps the check from reaching Kafka is named, with what to do about it."""

from __future__ import annotations

import os
import signal
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import trustme

from tests.kafka.acls import LOGIN
from tests.kafka.broker import KafkaBroker
from tests.kafka.cluster import KafkaCluster
from tests.twitch_ingestion.check.conftest import Check, kafka_settings


@pytest.mark.usefixtures("acls")
def test_a_wrong_password_is_wrong(check: Check, real_kafka: KafkaCluster, topic: str) -> None:
    """With the settings that hold it, and without the password."""
    wrong = LOGIN | {"KAFKA_CONF_SASL_PASSWORD": "not-the-password"}
    checked = check(**kafka_settings(real_kafka.login_bootstrap, topic, **wrong))
    text = checked.text("kafka", "wrong")
    assert text.startswith(f"{real_kafka.login_bootstrap}: ")
    assert "Invalid username or password" in text
    assert "correct KAFKA_CONF_SASL_USERNAME and KAFKA_CONF_SASL_PASSWORD" in text
    assert "not-the-password" not in checked.output


@pytest.mark.usefixtures("acls")
def test_a_login_at_a_port_without_one_and_the_reverse_are_wrong(
    check: Check, real_kafka: KafkaCluster, topic: str
) -> None:
    """The text names the setting to compare."""
    for settings in (
        kafka_settings(real_kafka.bootstrap, topic, **LOGIN),
        kafka_settings(real_kafka.login_bootstrap, topic),
        kafka_settings(real_kafka.bootstrap, topic, KAFKA_CONF_SECURITY_PROTOCOL="SSL"),
    ):
        checked = check(**settings)
        assert "KAFKA_CONF_SECURITY_PROTOCOL" in checked.text("kafka", "wrong")
        assert checked.status == 78


def test_brokers_that_cannot_be_reached_are_named_each_with_its_cause(check: Check) -> None:
    """A closed port and a name that does not exist."""
    first, second = check(KAFKA_BROKERS="127.0.0.1:1,no-such-host.invalid:9092").texts(
        "kafka", "wrong"
    )
    texts = sorted((first, second))
    assert texts[0].startswith("127.0.0.1:1: ")
    assert "Connection refused: start Kafka, or correct KAFKA_BROKERS" in texts[0]
    assert texts[1].startswith("no-such-host.invalid:9092: Failed to resolve")
    assert "correct the name in KAFKA_BROKERS" in texts[1]


def test_a_broker_that_does_not_answer_is_wrong_within_seconds(check: Check) -> None:
    """With what it did not answer to."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        text = check(KAFKA_BROKERS=f"127.0.0.1:{port}").text("kafka", "wrong")
    assert text.startswith(f"127.0.0.1:{port}: Connection setup timed out")
    assert "whether the port is Kafka's" in text


def test_a_certificate_that_is_not_trusted_is_wrong(check: Check, tmp_path: Path) -> None:
    """The text names the setting for the authority's certificates."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with _answering(lambda connection: context.wrap_socket(connection, server_side=True)) as port:
        tls = {"KAFKA_BROKERS": f"127.0.0.1:{port}", "KAFKA_CONF_SECURITY_PROTOCOL": "SSL"}
        text = check(**tls).text("kafka", "wrong")
        assert "certificate verify failed" in text
        assert "set KAFKA_CONF_SSL_CA_LOCATION" in text
        authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
        text = check(**tls, KAFKA_CONF_SSL_CA_LOCATION=str(tmp_path / "ca.pem")).text(
            "kafka", "wrong"
        )
        assert "certificate" not in text


def test_a_broker_that_is_something_else_is_wrong(check: Check) -> None:
    """A web server, for example."""

    def answer(connection: socket.socket) -> None:
        connection.recv(100)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with _answering(answer) as port:
        text = check(KAFKA_BROKERS=f"127.0.0.1:{port}").text("kafka", "wrong")
    assert "something else than Kafka" in text


@contextmanager
def _answering(answer: Callable[[socket.socket], object]) -> Iterator[int]:
    """Listen, in another process that calls *answer* with each connection; give the port."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        pid = os.fork()
        if pid == 0:
            while True:
                connection, _ = server.accept()
                with suppress(OSError):
                    answer(connection)
                connection.close()
        try:
            yield server.getsockname()[1]
        finally:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def test_a_broker_that_is_suspended_is_wrong_within_seconds(
    check: Check, own_kafka: KafkaBroker, topic: str
) -> None:
    """It accepts connections, and responds to nothing."""
    own_kafka.pause()
    try:
        text = check(**kafka_settings(own_kafka.bootstrap, topic)).text("kafka", "wrong")
    finally:
        own_kafka.resume()
    assert "timed out" in text


@pytest.mark.parametrize(
    "own_kafka",
    ["advertised.listeners=PLAINTEXT://127.0.0.1:1,SASL_PLAINTEXT://127.0.0.1:2\n"],
    indirect=True,
)
def test_an_address_that_the_cluster_gives_its_clients_must_be_right(
    check: Check, own_kafka: KafkaBroker, topic: str
) -> None:
    """The bootstrap server responds, but each client goes on with the other address."""
    checked = check(**kafka_settings(own_kafka.bootstrap, topic))
    text = checked.text("kafka", "wrong")
    assert text.startswith("127.0.0.1:1, the address that the cluster gives its clients for broker")
    assert "Connection refused: correct advertised.listeners of that broker" in text
