"""A write that Kafka cannot accept for want of brokers is named, and so is its end."""

from __future__ import annotations

from confluent_kafka.admin import AdminClient

from publisher.kafka.replicas import too_few_replicas
from tests.kafka.broker import KafkaBroker, kafka_broker
from tests.kafka.cluster import KafkaCluster
from tests.processes import StartProcess, wait_for, wait_for_line
from tests.publisher.peer import chat, connected_reader, start_publisher
from tests.topics import create_topic


def test_too_few_in_sync_replicas_are_named_once_with_the_missing_broker(
    processes: StartProcess, own_kafka: KafkaBroker, topic: str
) -> None:
    """The broker of one of two replicas is down; the messages are published once it is back."""
    with kafka_broker(short_lived=True, leader=own_kafka) as second:
        admin = AdminClient({"bootstrap.servers": own_kafka.bootstrap})
        wait_for(lambda: len(admin.list_topics(timeout=60).brokers) == 2, 60, "the second broker")
        config = {"min.insync.replicas": "2"}
        create_topic(own_kafka.bootstrap, topic, replicas=2, config=config)
        publisher = start_publisher(processes, own_kafka.bootstrap, topic)
        with connected_reader(publisher) as reader:
            reader.send(chat(1, 10), 1)
            reader.wait_for_acknowledgement(10)
            second.kill()
            reader.send(chat(11, 10), 11)
            wait_for_line(
                publisher.process,
                f"WARNING .*10 messages are waiting: topic {topic}, partition 0 has too few "
                r"in-sync replicas, 1 of 2, and min\.insync\.replicas is 2: .*\(brokers 2\)",
                30,
            )
            second.start()
            reader.wait_for_acknowledgement(20)
        wait_for_line(publisher.process, "INFO .*Kafka is confirming messages again", 60)

    assert publisher.process.output().count("too few in-sync replicas") == 1


def test_a_topic_that_can_never_have_enough_replicas_is_named(
    real_kafka: KafkaCluster, topic: str
) -> None:
    """One that has them is not."""
    properties = {"bootstrap.servers": real_kafka.bootstrap}
    few, enough = f"{topic}-few", f"{topic}-enough"
    for name, least in ((few, "2"), (enough, "1")):
        create_topic(real_kafka.bootstrap, name, config={"min.insync.replicas": least})

    assert too_few_replicas([few, enough], properties).startswith(
        f"topic {few}, partition 0 has too few replicas for Kafka before 4.0, 1, and "
    )
    assert not too_few_replicas([enough], properties)
