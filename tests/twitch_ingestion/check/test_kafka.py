"""The check of Kafka: what is missing in a real one."""

from __future__ import annotations

import pytest
from confluent_kafka.admin import AdminClient

from tests.kafka.acls import LOGIN, AclOperation, Acls, ResourceType
from tests.kafka.broker import KafkaBroker
from tests.kafka.cluster import KafkaCluster
from tests.kafka.embedded import embedded_kafka
from tests.publisher.kafka.test_replication import three_brokers
from tests.topics import create_topic
from tests.twitch_ingestion.check.conftest import Check, kafka_settings

__all__ = ["three_brokers"]

_TIMEOUT_S = 30


def _topics(bootstrap: str) -> set[str]:
    return set(AdminClient({"bootstrap.servers": bootstrap}).list_topics(timeout=_TIMEOUT_S).topics)


@pytest.mark.parametrize("delivery", ["at-least-once", "exactly-once"])
def test_topics_that_can_be_created_are_named_and_not_created(
    check: Check, real_kafka: KafkaCluster, topic: str, delivery: str
) -> None:
    """Nothing is changed in Kafka."""
    checked = check(**kafka_settings(real_kafka.bootstrap, topic, DELIVERY=delivery))
    connected, created = checked.texts("kafka", "ok")[:2]
    assert connected == f"{real_kafka.bootstrap}: connected, 1 broker"
    names = f"{topic}, {topic}-dead, {topic}-events, {topic}-gaps"
    assert created.startswith(f"the publisher will create: {names}")
    assert (f"{topic}-progress" in created) == (delivery == "exactly-once")
    assert checked.texts("kafka", "warning") == []
    assert checked.texts("kafka", "wrong") == []
    assert not any(name.startswith(topic) for name in _topics(real_kafka.bootstrap))


def test_a_cluster_that_creates_topics_by_itself_is_not_made_to(check: Check, topic: str) -> None:
    """The embedded one does, when a client asks for a topic."""
    with embedded_kafka() as bootstrap:
        check(**kafka_settings(bootstrap, topic))
        assert _topics(bootstrap) == set()


def test_each_missing_permission_is_named_with_the_command_that_grants_it(
    check: Check, real_kafka: KafkaCluster, acls: Acls, topic: str
) -> None:
    """At once, unlike in the publisher's log. When all are there, nothing is wrong."""
    login = kafka_settings(real_kafka.login_bootstrap, topic, DEDUPLICATE="true", **LOGIN)
    for name in (topic, f"{topic}-events", f"{topic}-gaps"):
        create_topic(real_kafka.bootstrap, name)
    for name in (topic, f"{topic}-events"):
        acls.grant(ResourceType.TOPIC, name, AclOperation.WRITE)
    acls.grant(ResourceType.TOPIC, f"{topic}-dead", AclOperation.WRITE)
    checked = check(**login)
    texts = checked.texts("kafka", "wrong")
    assert checked.status == 78
    assert len(texts) == 4, checked.output
    for name in (topic, f"{topic}-events"):
        assert any(f"use topic {name}: it needs Read on it" in text for text in texts)
    assert any(f"use topic {topic}-gaps: it needs Write on it" in text for text in texts)
    assert any(f"{topic}-dead does not exist, and Kafka does not let" in text for text in texts)
    assert all("kafka-acls.sh" in text or "kafka-topics.sh" in text for text in texts)
    assert any(
        f"--allow-principal User:publisher --operation Write --topic {topic}-gaps" in text
        for text in texts
    )
    for name in (topic, f"{topic}-events"):
        acls.grant(ResourceType.TOPIC, name, AclOperation.READ)
    acls.grant(ResourceType.TOPIC, f"{topic}-gaps", AclOperation.WRITE)
    acls.grant(ResourceType.TOPIC, f"{topic}-dead", AclOperation.CREATE)
    assert check(**login).status == 0


def test_a_transactional_id_is_looked_up_in_the_acls_if_that_is_permitted(
    check: Check, real_kafka: KafkaCluster, acls: Acls, topic: str
) -> None:
    """A transaction would be proof, and would fence a publisher that runs."""
    own = {"DELIVERY": "exactly-once", "KAFKA_TRANSACTIONAL_ID": topic}
    login = kafka_settings(real_kafka.login_bootstrap, topic, **own, **LOGIN)
    for suffix in ("", "-events", "-gaps", "-dead", "-progress"):
        name = f"{topic}{suffix}"
        acls.grant(
            ResourceType.TOPIC, name, AclOperation.WRITE, AclOperation.CREATE, AclOperation.READ
        )
        create_topic(real_kafka.bootstrap, name)
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
    create_topic(real_kafka.bootstrap, topic, config={"max.message.bytes": "100000"})
    create_topic(real_kafka.bootstrap, f"{topic}-gaps", config={"max.message.bytes": "1000"})
    checked = check(**kafka_settings(real_kafka.bootstrap, topic))
    assert f"topic {topic}-gaps has max.message.bytes=1000" in checked.text("kafka", "wrong")
    text = checked.text("kafka", "warning")
    assert f"topic {topic} has max.message.bytes=100000, less than" in text
    checked = check(**kafka_settings(real_kafka.bootstrap, topic, KAFKA_CONF_BATCH_SIZE="90000"))
    assert checked.texts("kafka", "warning") == []


def test_too_few_replicas_are_wrong(check: Check, real_kafka: KafkaCluster, topic: str) -> None:
    """Kafka would not confirm anything."""
    create_topic(real_kafka.bootstrap, topic, config={"min.insync.replicas": "2"})
    text = check(**kafka_settings(real_kafka.bootstrap, topic)).text("kafka", "wrong")
    assert f"cannot write to topic {topic}, partition 0 has too few replicas" in text


def test_a_replication_factor_that_is_impossible_is_wrong(
    check: Check, real_kafka: KafkaCluster, topic: str
) -> None:
    """Kafka says so without creating anything."""
    settings = kafka_settings(real_kafka.bootstrap, topic, KAFKA_TOPIC_REPLICATION="3")
    texts = check(**settings).texts("kafka", "wrong")
    assert len(texts) == 4
    assert texts[0].endswith(". Lower KAFKA_TOPIC_REPLICATION, or start more brokers")


def test_topics_without_replicas_on_three_brokers_are_a_warning(
    check: Check, three_brokers: KafkaBroker, topic: str
) -> None:
    """One that exists, and those that would be created."""
    create_topic(three_brokers.bootstrap, topic)
    checked = check(**kafka_settings(three_brokers.bootstrap, topic))
    existing, *later = checked.texts("kafka", "warning")
    assert f"topic {topic} has replication factor 1 on a cluster of 3 brokers" in existing
    assert len(later) == 3
    assert all("set KAFKA_TOPIC_REPLICATION=3" in text for text in later)
    settings = kafka_settings(three_brokers.bootstrap, f"{topic}-new", KAFKA_TOPIC_REPLICATION="3")
    assert check(**settings).texts("kafka", "warning") == []


@pytest.mark.parametrize("own_kafka", ["min.insync.replicas=2\n"], indirect=True)
def test_new_topics_with_fewer_replicas_than_have_to_be_in_sync_are_wrong(
    check: Check, own_kafka: KafkaBroker, topic: str
) -> None:
    """The publisher would create them, and then could not write to them."""
    texts = check(**kafka_settings(own_kafka.bootstrap, topic)).texts("kafka", "wrong")
    assert len(texts) == 4
    for text in texts:
        assert "will have 1 replicas, less than min.insync.replicas, which is 2" in text
        assert "set KAFKA_TOPIC_REPLICATION=3" in text
