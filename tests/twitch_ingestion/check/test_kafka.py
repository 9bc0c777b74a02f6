"""The check of Kafka: what keeps it from being reached, and what is missing in a real one."""

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
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from tests.kafka.acls import LOGIN, AclOperation, Acls, ResourceType
from tests.kafka.broker import KafkaBroker
from tests.kafka.cluster import KafkaCluster
from tests.kafka.embedded import embedded_kafka
from tests.publisher.kafka.test_replication import three_brokers
from tests.requirements import unavailable
from tests.toolchains import NoToolchainError
from tests.twitch_ingestion.check.conftest import Check

__all__ = ["three_brokers"]

_TIMEOUT_S = 20


def _settings(bootstrap: str, topic: str, **more: str) -> dict[str, str]:
    return {
        "KAFKA_BROKERS": bootstrap,
        "KAFKA_TOPIC_CHAT_MESSAGES": topic,
        "KAFKA_TOPIC_CHAT_GAPS": f"{topic}-gaps",
        "KAFKA_TOPIC_DEAD_LETTERS": f"{topic}-dead",
        "KAFKA_TOPIC_PROGRESS": f"{topic}-progress",
        "KAFKA_TOPIC_PARTITIONS": "1",
        **more,
    }


def _topics(bootstrap: str) -> set[str]:
    return set(AdminClient({"bootstrap.servers": bootstrap}).list_topics(timeout=10).topics)


def _create(bootstrap: str, name: str, replicas: int = 1, **config: str) -> None:
    admin = AdminClient({"bootstrap.servers": bootstrap})
    topic = NewTopic(
        name, 1, replicas, config={key.replace("_", "."): config[key] for key in config}
    )
    admin.create_topics([topic])[name].result(_TIMEOUT_S)


@pytest.fixture
def acls(real_kafka: KafkaCluster) -> Acls:
    """The permissions of the publisher, none at first."""
    if not real_kafka.login_bootstrap:
        unavailable("KAFKA_TEST_BROKERS has no listener on which ACLs count")
    return Acls(real_kafka.bootstrap)


@pytest.mark.parametrize("delivery", ["at-least-once", "exactly-once"])
def test_topics_that_can_be_created_are_named_and_not_created(
    check: Check, real_kafka: KafkaCluster, topic: str, delivery: str
) -> None:
    """Nothing is changed in Kafka."""
    checked = check(**_settings(real_kafka.bootstrap, topic, DELIVERY=delivery))
    connected, created = checked.texts("kafka", "ok")[:2]
    assert connected == f"{real_kafka.bootstrap}: connected, 1 broker"
    assert created.startswith(f"the publisher will create: {topic}, {topic}-dead, {topic}-gaps")
    assert (f"{topic}-progress" in created) == (delivery == "exactly-once")
    assert checked.texts("kafka", "warning") == []
    assert checked.texts("kafka", "wrong") == []
    assert not any(name.startswith(topic) for name in _topics(real_kafka.bootstrap))


def test_a_cluster_that_creates_topics_by_itself_is_not_made_to(check: Check, topic: str) -> None:
    """The embedded one does, when a client asks for a topic."""
    with embedded_kafka() as bootstrap:
        check(**_settings(bootstrap, topic))
        assert _topics(bootstrap) == set()


def test_each_missing_permission_is_named_with_the_command_that_grants_it(
    check: Check, real_kafka: KafkaCluster, acls: Acls, topic: str
) -> None:
    """At once, unlike in the publisher's log. When all are there, nothing is wrong."""
    login = _settings(real_kafka.login_bootstrap, topic, DEDUPLICATE="true", **LOGIN)
    for name in (topic, f"{topic}-gaps"):
        _create(real_kafka.bootstrap, name)
    acls.grant(ResourceType.TOPIC, topic, AclOperation.WRITE)
    acls.grant(ResourceType.TOPIC, f"{topic}-dead", AclOperation.WRITE)
    checked = check(**login)
    texts = checked.texts("kafka", "wrong")
    assert checked.status == 78
    assert len(texts) == 3, checked.output
    assert any(f"use topic {topic}: it needs Read on it" in text for text in texts)
    assert any(f"use topic {topic}-gaps: it needs Write on it" in text for text in texts)
    assert any(f"{topic}-dead does not exist, and Kafka does not let" in text for text in texts)
    assert all("kafka-acls.sh" in text or "kafka-topics.sh" in text for text in texts)
    assert any(
        f"--allow-principal User:publisher --operation Write --topic {topic}-gaps" in text
        for text in texts
    )
    acls.grant(ResourceType.TOPIC, topic, AclOperation.READ)
    acls.grant(ResourceType.TOPIC, f"{topic}-gaps", AclOperation.WRITE)
    acls.grant(ResourceType.TOPIC, f"{topic}-dead", AclOperation.CREATE)
    assert check(**login).status == 0


def test_a_transactional_id_is_looked_up_in_the_acls_if_that_is_permitted(
    check: Check, real_kafka: KafkaCluster, acls: Acls, topic: str
) -> None:
    """A transaction would be proof, and would fence a publisher that runs."""
    own = {"DELIVERY": "exactly-once", "KAFKA_TRANSACTIONAL_ID": topic}
    login = _settings(real_kafka.login_bootstrap, topic, **own, **LOGIN)
    for name in (topic, f"{topic}-gaps", f"{topic}-dead", f"{topic}-progress"):
        acls.grant(
            ResourceType.TOPIC, name, AclOperation.WRITE, AclOperation.CREATE, AclOperation.READ
        )
        _create(real_kafka.bootstrap, name)
    text = check(**login).text("kafka", "warning")
    assert f"transactional.id {topic}: no ACL that permits Write" in text
    assert f"--operation Write --operation Describe --transactional-id {topic}" in text
    acls.grant(ResourceType.TRANSACTIONAL_ID, topic, AclOperation.WRITE)
    assert "can be seen" in check(**login).text("kafka", "warning")
    acls.grant(ResourceType.BROKER, "kafka-cluster", AclOperation.DESCRIBE)
    try:
        checked = check(**login)
    finally:
        acls.revoke(ResourceType.BROKER, "kafka-cluster")
    assert f"transactional.id {topic}: an ACL permits Write" in checked.texts("kafka", "ok")
    assert checked.status == 0, checked.output


def test_limits_of_a_topic_are_compared_with_what_is_sent(
    check: Check, real_kafka: KafkaCluster, topic: str
) -> None:
    """One that refuses a record is wrong, one that refuses a batch is slow."""
    _create(real_kafka.bootstrap, topic, max_message_bytes="100000")
    _create(real_kafka.bootstrap, f"{topic}-gaps", max_message_bytes="1000")
    checked = check(**_settings(real_kafka.bootstrap, topic))
    assert f"topic {topic}-gaps has max.message.bytes=1000" in checked.text("kafka", "wrong")
    text = checked.text("kafka", "warning")
    assert f"topic {topic} has max.message.bytes=100000, less than" in text
    checked = check(**_settings(real_kafka.bootstrap, topic, KAFKA_CONF_BATCH_SIZE="90000"))
    assert checked.texts("kafka", "warning") == []


def test_too_few_replicas_are_wrong(check: Check, real_kafka: KafkaCluster, topic: str) -> None:
    """Kafka would not confirm anything."""
    _create(real_kafka.bootstrap, topic, min_insync_replicas="2")
    text = check(**_settings(real_kafka.bootstrap, topic)).text("kafka", "wrong")
    assert f"cannot write to topic {topic}, partition 0 has too few replicas" in text


def test_a_replication_factor_that_is_impossible_is_wrong(
    check: Check, real_kafka: KafkaCluster, topic: str
) -> None:
    """Kafka says so without creating anything."""
    settings = _settings(real_kafka.bootstrap, topic, KAFKA_TOPIC_REPLICATION="3")
    texts = check(**settings).texts("kafka", "wrong")
    assert len(texts) == 3
    assert texts[0].endswith(". Lower KAFKA_TOPIC_REPLICATION, or start more brokers")


def test_topics_without_replicas_on_three_brokers_are_a_warning(
    check: Check, three_brokers: KafkaBroker, topic: str
) -> None:
    """One that exists, and those that would be created."""
    _create(three_brokers.bootstrap, topic)
    checked = check(**_settings(three_brokers.bootstrap, topic))
    existing, *later = checked.texts("kafka", "warning")
    assert f"topic {topic} has replication factor 1 on a cluster of 3 brokers" in existing
    assert len(later) == 2
    assert all("set KAFKA_TOPIC_REPLICATION=3" in text for text in later)
    settings = _settings(three_brokers.bootstrap, f"{topic}-new", KAFKA_TOPIC_REPLICATION="3")
    assert check(**settings).texts("kafka", "warning") == []


@pytest.mark.usefixtures("acls")
def test_a_wrong_password_is_wrong(check: Check, real_kafka: KafkaCluster, topic: str) -> None:
    """With the settings that hold it, and without the password."""
    wrong = LOGIN | {"KAFKA_CONF_SASL_PASSWORD": "not-the-password"}
    checked = check(**_settings(real_kafka.login_bootstrap, topic, **wrong))
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
        _settings(real_kafka.bootstrap, topic, **LOGIN),
        _settings(real_kafka.login_bootstrap, topic),
        _settings(real_kafka.bootstrap, topic, KAFKA_CONF_SECURITY_PROTOCOL="SSL"),
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
        text = check(**_settings(own_kafka.bootstrap, topic)).text("kafka", "wrong")
    finally:
        own_kafka.resume()
    assert "timed out" in text


def test_an_address_that_the_cluster_gives_its_clients_must_be_right(
    check: Check, short_folder: Path, topic: str
) -> None:
    """The bootstrap server responds, but each client goes on with the other address."""
    place = short_folder / "kafka"
    place.mkdir()
    try:
        broker = KafkaBroker(place, short_lived=True)
    except NoToolchainError as error:
        unavailable(str(error))
    with (place / "server.properties").open("a") as file:
        file.write("advertised.listeners=PLAINTEXT://127.0.0.1:1,SASL_PLAINTEXT://127.0.0.1:2\n")
    try:
        broker.start()
        checked = check(**_settings(broker.bootstrap, topic))
    finally:
        broker.kill()
    text = checked.text("kafka", "wrong")
    assert text.startswith("127.0.0.1:1, the address that the cluster gives its clients for broker")
    assert "Connection refused: correct advertised.listeners of that broker" in text
