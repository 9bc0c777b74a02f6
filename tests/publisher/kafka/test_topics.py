"""Missing topics are created; one that Kafka does not create is logged and waited for."""

from __future__ import annotations

from confluent_kafka.admin import AdminClient

from tests.kafka.cluster import KafkaCluster
from tests.processes import StartProcess, wait_for_line
from tests.publisher.peer import chat, connected_reader, start_publisher
from tests.topics import create_topic


def test_missing_topics_are_created_with_the_configured_partitions(
    processes: StartProcess, real_kafka: KafkaCluster, topic: str
) -> None:
    """All topics, and the log says so."""
    settings = {"KAFKA_TOPIC_PARTITIONS": "3"}
    publisher = start_publisher(processes, real_kafka.bootstrap, topic, settings)
    wait_for_line(publisher.process, "is ready: session", 20)

    for suffix in ("", "-events", "-gaps", "-dead"):
        assert _partitions(real_kafka, f"{topic}{suffix}") == 3
    wait_for_line(publisher.process, f"topic {topic} created, partitions: 3", 5)


def test_a_topic_that_exists_is_left_as_it_is(
    processes: StartProcess, real_kafka: KafkaCluster, topic: str
) -> None:
    """Its number of partitions is not changed."""
    create_topic(real_kafka.bootstrap, topic, partitions=1)
    publisher = start_publisher(processes, real_kafka.bootstrap, topic)
    wait_for_line(publisher.process, "is ready: session", 20)

    assert _partitions(real_kafka, topic) == 1
    assert f"topic {topic} created" not in publisher.process.output()


def test_a_topic_that_kafka_does_not_create_is_logged_once_and_waited_for(
    processes: StartProcess, real_kafka: KafkaCluster, topic: str
) -> None:
    """The error has the command that creates the topic. The publisher starts once it exists."""
    # Kafka refuses a name that differs from an existing name only in . and _.
    wanted, other = topic.replace("-", "."), topic.replace("-", "_")
    create_topic(real_kafka.bootstrap, other, partitions=1)
    publisher = start_publisher(processes, real_kafka.bootstrap, wanted)
    process = publisher.process
    wait_for_line(
        process,
        rf"ERROR .*topic {wanted} does not exist, and Kafka does not let us create it: .*"
        rf"kafka-topics\.sh --bootstrap-server {real_kafka.bootstrap} --create --topic {wanted} "
        r"--partitions 2",
        20,
    )
    _delete(real_kafka, other)
    wait_for_line(process, "is ready: session", 20)

    assert process.output().count("does not let us create it") == 1


def test_a_topic_that_is_deleted_is_created_again_in_a_new_session(
    processes: StartProcess, real_kafka: KafkaCluster, topic: str
) -> None:
    """The reader sends unconfirmed records again in it; nothing is lost."""
    settings = {
        "KAFKA_CONF_TOPIC_METADATA_PROPAGATION_MAX_MS": "200",
        "KAFKA_CONF_TOPIC_METADATA_REFRESH_INTERVAL_MS": "200",
    }
    publisher = start_publisher(processes, real_kafka.bootstrap, topic, settings)
    with connected_reader(publisher) as reader:
        reader.send(chat(1, 10), 1)
        reader.wait_for_acknowledgement(10)
        old_session = reader.session
        _delete(real_kafka, topic)
        reader.send(chat(11, 10), 11, oldest=11)

        reader.wait_for_session(other_than=old_session)
        reader.send(chat(11, 10), 11, oldest=11)
        reader.wait_for_acknowledgement(20)

    assert "Traceback" not in publisher.process.output()
    wait_for_line(publisher.process, "Kafka's client has failed: ", 5)


def _partitions(cluster: KafkaCluster, topic: str) -> int:
    admin = AdminClient({"bootstrap.servers": cluster.bootstrap})
    return len(admin.list_topics(topic, timeout=10).topics[topic].partitions)


def _delete(cluster: KafkaCluster, topic: str) -> None:
    admin = AdminClient({"bootstrap.servers": cluster.bootstrap})
    admin.delete_topics([topic])[topic].result(60)
