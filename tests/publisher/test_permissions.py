"""A missing permission is named once and waited for, at the start and later; nothing is lost."""

from __future__ import annotations

import pytest
from confluent_kafka import Producer

from tests.kafka.acls import LOGIN, AclOperation, Acls, ResourceType
from tests.kafka.cluster import KafkaCluster
from tests.processes import StartProcess, python_module, wait_for_line
from tests.publisher.peer import chat, connected_reader, start_publisher
from tests.requirements import unavailable
from tests.topics import create_topic, read_all

TOPIC, TRANSACTIONAL_ID = ResourceType.TOPIC, ResourceType.TRANSACTIONAL_ID
WRITE, READ, DESCRIBE, CREATE = (
    AclOperation.WRITE,
    AclOperation.READ,
    AclOperation.DESCRIBE,
    AclOperation.CREATE,
)


@pytest.fixture
def acls(real_kafka: KafkaCluster) -> Acls:
    """The permissions of the publisher, none at first."""
    if not real_kafka.login_bootstrap:
        unavailable("KAFKA_TEST_BROKERS has no listener on which ACLs count")
    return Acls(real_kafka.bootstrap)


def _topics(topic: str) -> list[str]:
    return [topic, f"{topic}-events", f"{topic}-gaps", f"{topic}-dead", f"{topic}-progress"]


def _own(topic: str) -> dict[str, str]:
    return {
        **LOGIN,
        "KAFKA_TOPIC_PROGRESS": f"{topic}-progress",
        "KAFKA_TRANSACTIONAL_ID": topic,
    }


def test_each_missing_permission_is_named_once_until_the_publisher_has_all_of_them(
    processes: StartProcess, real_kafka: KafkaCluster, acls: Acls, topic: str
) -> None:
    """From none to all that exactly-once delivery and deduplication need; then it works."""
    create_topic(real_kafka.bootstrap, topic, partitions=1)
    settings = _own(topic) | {"DELIVERY": "exactly-once", "DEDUPLICATE": "true"}
    publisher = start_publisher(processes, real_kafka.login_bootstrap, topic, settings)
    process = publisher.process

    wait_for_line(process, f"ERROR .*needs Read and Write on topic {topic};", 20)
    acls.grant(TOPIC, topic, DESCRIBE)
    acls.grant(TOPIC, f"{topic}-dead", WRITE)
    wait_for_line(process, f"ERROR .*topic {topic}-dead does not exist.*needs Create on topic", 20)
    for name in _topics(topic):
        acls.grant(TOPIC, name, CREATE, WRITE)
    wait_for_line(process, f"ERROR .*needs Read on topic {topic}-progress;", 20)
    wait_for_line(process, f"ERROR .*needs Read on topic {topic};", 20)
    acls.grant(TOPIC, f"{topic}-progress", READ)
    acls.grant(TOPIC, topic, READ)
    wait_for_line(process, f"ERROR .*needs Read on topic {topic}-events;", 20)
    acls.grant(TOPIC, f"{topic}-events", READ)
    wait_for_line(process, f"ERROR .*needs Write and Describe on the transactional.id {topic} ", 20)
    acls.grant(TRANSACTIONAL_ID, topic, WRITE)
    wait_for_line(process, "is ready: session", 20)
    with connected_reader(publisher) as reader:
        reader.send(chat(1, 10), 1)
        reader.wait_for_acknowledgement(10)

    output = process.output()
    lines = [line.split(": ", 1)[1] for line in output.splitlines() if "ERROR" in line]
    assert len(lines) == len(set(lines))
    assert "Traceback" not in output
    assert "client has failed" not in output


def test_a_publisher_that_may_do_nothing_at_first_begins_once_it_may_write(
    processes: StartProcess, real_kafka: KafkaCluster, acls: Acls, topic: str
) -> None:
    """Kafka then does not let its idempotent producer begin either, which is not worth a line."""
    names = [topic, f"{topic}-events", f"{topic}-gaps", f"{topic}-dead"]
    for name in names:
        create_topic(real_kafka.bootstrap, name, partitions=1)
    publisher = start_publisher(processes, real_kafka.login_bootstrap, topic, LOGIN)
    for name in names:
        wait_for_line(publisher.process, f"ERROR .*needs Write on topic {name};", 20)
        acls.grant(TOPIC, name, WRITE)
    with connected_reader(publisher) as reader:
        reader.send(chat(1, 10), 1)
        reader.wait_for_acknowledgement(10)

    assert publisher.process.output().count("ERROR") == len(names)
    assert "Traceback" not in publisher.process.output()


@pytest.mark.parametrize("delivery", ["at-least-once", "exactly-once"])
def test_a_permission_that_is_taken_away_is_named_and_waited_for(
    processes: StartProcess, real_kafka: KafkaCluster, acls: Acls, topic: str, delivery: str
) -> None:
    """Records sent meanwhile are published once it is granted again, and none is a dead letter."""
    for name in _topics(topic):
        acls.grant(TOPIC, name, CREATE, WRITE, READ)
    acls.grant(TRANSACTIONAL_ID, topic, WRITE)
    settings = _own(topic) | {"DELIVERY": delivery}
    publisher = start_publisher(processes, real_kafka.login_bootstrap, topic, settings)
    with connected_reader(publisher) as reader:
        reader.send(chat(1, 10), 1)
        reader.wait_for_acknowledgement(10)
        old_session = reader.session
        acls.revoke(TOPIC, topic)
        reader.send(chat(11, 10), 11, oldest=11)
        wait_for_line(publisher.process, f"ERROR .*needs .*Write on topic {topic};", 20)
        acls.grant(TOPIC, topic, WRITE)
        reader.wait_for_session(other_than=old_session)
        reader.send(chat(11, 10), 11, oldest=11)
        reader.wait_for_acknowledgement(20)

    records = read_all(real_kafka.bootstrap, topic, timeout_s=20, isolation="read_committed")
    assert [int(record.headers["seq"]) for record in records] == list(range(1, 21))
    assert read_all(real_kafka.bootstrap, f"{topic}-dead", timeout_s=20) == []
    output = publisher.process.output()
    (error,) = [line for line in output.splitlines() if " ERROR " in line]
    assert f"Write on topic {topic};" in error


def test_tail_names_what_it_may_not_read_and_goes_on_once_it_may(
    processes: StartProcess, real_kafka: KafkaCluster, acls: Acls, topic: str
) -> None:
    """First the topic is hidden from it, then it sees the topic but may not read it."""
    create_topic(real_kafka.bootstrap, topic, partitions=1)
    producer = Producer({"bootstrap.servers": real_kafka.bootstrap})
    producer.produce(topic, b"the message")
    assert producer.flush(20) == 0
    where = {"KAFKA_BROKERS": real_kafka.login_bootstrap, "KAFKA_TOPIC_CHAT_MESSAGES": topic}
    tail = processes(python_module("publisher", "tail"), LOGIN | where)
    wait_for_line(tail, f"ERROR .*do not let this client use topic {topic}: it needs Read", 20)
    acls.grant(TOPIC, topic, DESCRIBE)
    wait_for_line(tail, f"WARNING .*topic {topic}: .*: it needs Read on it", 20)
    acls.grant(TOPIC, topic, READ)
    wait_for_line(tail, " the message$", 20)

    assert "roup authorization" not in tail.output()


@pytest.mark.usefixtures("acls")
def test_a_wrong_password_is_named_once(
    processes: StartProcess, real_kafka: KafkaCluster, topic: str
) -> None:
    """With Kafka's words, and without the password."""
    wrong = LOGIN | {"KAFKA_CONF_SASL_PASSWORD": "not-the-password"}
    process = start_publisher(processes, real_kafka.login_bootstrap, topic, wrong).process
    wait_for_line(process, "ERROR .*cannot be reached: .*Invalid username or password", 20)

    assert "not-the-password" not in process.output()
