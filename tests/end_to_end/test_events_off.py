"""Events that are switched off on the publisher's host: its readers find out by themselves."""

from __future__ import annotations

from pathlib import Path

from confluent_kafka.admin import AdminClient

from simulator.background import BackgroundChatServer
from tests.end_to_end.service import Service
from tests.end_to_end.test_reader_status import status_of
from tests.kafka.cluster import KafkaCluster
from tests.processes import wait_for, wait_for_line
from tests.publisher.books import status_of as publisher_status_of
from tests.topics import read_topic

OFF = {"KAFKA_TOPIC_CHAT_EVENTS": ""}
CHANNEL = "xqc"


def test_chat_goes_on_without_events(
    service: Service, chat: BackgroundChatServer, kafka: KafkaCluster, topic: str
) -> None:
    """Those that waited for a publisher are given up, and later ones are not stored."""
    reader = service.start_reader(CHANNEL)
    _say_and_raid(service, chat, "before")
    wait_for(lambda: status_of(service).events, 60, "events in the outbox")
    service.start_publisher(**OFF)
    wait_for_line(reader, "the publisher does not take events", 60)
    _say_and_raid(service, chat, "after")

    records = read_topic(kafka.bootstrap, topic, count=4, timeout_s=60)
    said = ["before 1", "before 2", "after 1", "after 2"]
    assert [
        record.value.count(text.encode()) for record, text in zip(records, said, strict=True)
    ] == [1] * 4
    wait_for(lambda: not status_of(service).waiting, 60, "an empty outbox")
    status = publisher_status_of(Path(service.environment["STATE_DIR"]))
    assert status.published == {topic: 4, f"{topic}-gaps": 0}
    assert (status.taken, status.left_out_events) == (4, 0)
    names = AdminClient({"bootstrap.servers": kafka.bootstrap}).list_topics(timeout=20).topics
    assert f"{topic}-events" not in names


def _say_and_raid(service: Service, chat: BackgroundChatServer, text: str) -> None:
    for number in (1, 2):
        service.say(CHANNEL, f"{text} {number}")
        chat.run(chat.server.raid(CHANNEL))
    service.wait_until_received(CHANNEL)
