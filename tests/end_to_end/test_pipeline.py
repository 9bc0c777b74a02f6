"""From chat messages on Twitch to the records that third-party clients read from Kafka."""

from __future__ import annotations

import json
import signal

import pytest

from common.chat_message import ChatMessage, decode_chat_message
from common.extended_message import EmoteRange, decode_extended_message
from simulator.background import BackgroundChatServer
from tests.end_to_end.service import START_WITHIN_S, Service
from tests.kafka.cluster import KafkaCluster
from tests.processes import wait_for, wait_for_line
from tests.topics import kcat_read, read_topic

CHANNELS = ("xqc", "shroud", "forsen")


def test_every_message_arrives_once_in_the_order_of_its_channel(
    service: Service, kafka: KafkaCluster, topic: str
) -> None:
    """Three channels with one reader each."""
    service.start_publisher()
    for channel in CHANNELS:
        service.start_reader(channel)
    for number in range(200):
        for channel in CHANNELS:
            service.say(channel, f"{channel} {number}")
    records = read_topic(kafka.bootstrap, topic, count=600, timeout_s=60)
    messages = [decode_chat_message(record.value) for record in records]
    for channel in CHANNELS:
        texts = [message.message for message in messages if message.message.startswith(channel)]
        assert texts == [f"{channel} {number}" for number in range(200)]


def test_kcat_reads_the_messages(
    service: Service, chat: BackgroundChatServer, kafka: KafkaCluster, topic: str
) -> None:
    """Key, timestamp, headers and value are as documented."""
    service.start_publisher()
    service.start_reader("xqc")
    service.say(
        "xqc",
        "😂 Kappa hi",
        login="ann",
        user_id="5",
        emotes="25:2-6",
        sent_ms=1_700_000_000_123,  # type: ignore[arg-type]
    )
    read_topic(kafka.bootstrap, topic, count=1, timeout_s=60)
    (record,) = kcat_read(kafka.bootstrap, topic, 1)
    room_id = chat.server.state.room_id("xqc")
    assert json.loads(record.value) == {
        "channel_id": room_id,
        "user_id": "5",
        "username": "ann",
        "message": "😂 Kappa hi",
        "timestamp": 1_700_000_000_123,
        "emotes": ["Kappa"],
    }
    assert record.key == room_id.encode()
    assert record.timestamp == 1_700_000_000_123
    assert record.headers["reader"].startswith(b"xqc/")
    # The settings of the chat were before it, an event.
    assert record.headers["seq"] == b"2"


def test_a_reader_with_extended_fields_publishes_them(
    service: Service, kafka: KafkaCluster, topic: str
) -> None:
    """After the six fields of the reader beside it, in the same topic."""
    service.start_publisher()
    service.start_reader("xqc")
    service.start_reader("shroud", KAFKA_MESSAGE_FIELDS="extended")
    for channel in ("xqc", "shroud"):
        service.say(channel, "Kappa", login="ann", user_id="5", emotes="25:0-4")
    records = read_topic(kafka.bootstrap, topic, count=2, timeout_s=60)
    values = {record.headers["reader"].partition(b"/")[0]: record.value for record in records}
    message = decode_extended_message(values[b"shroud"])
    assert (message.channel, message.message_id != "") == ("shroud", True)
    assert message.emote_ranges == (EmoteRange("25", "Kappa", 0, 5),)
    assert list(json.loads(values[b"xqc"])) == list(json.loads(values[b"shroud"]))[:6]


def test_messages_from_before_the_publisher_started_arrive(
    service: Service, kafka: KafkaCluster, topic: str
) -> None:
    """The outbox keeps them, also when the reader is killed and restarted."""
    first = service.start_reader("xqc")
    service.say("xqc", "one")
    service.wait_until_received("xqc")
    first.send(signal.SIGKILL)
    first.wait(60)
    service.start_reader("xqc")
    service.say("xqc", "two")
    service.start_publisher()
    records = read_topic(kafka.bootstrap, topic, count=2, timeout_s=60)
    assert [decode_chat_message(record.value).message for record in records] == ["one", "two"]
    assert [record.headers["seq"] for record in records] == [b"2", b"4"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stopped_reader_first_sends_all_messages_of_its_outbox(
    service: Service, kafka: KafkaCluster, topic: str, number: signal.Signals
) -> None:
    """It exits with status 0 once everything is acknowledged."""
    publisher = service.start_publisher()
    wait_for_line(publisher, "is ready", START_WITHIN_S)
    reader = service.start_reader("xqc")
    wait_for_line(reader, "found the publisher", START_WITHIN_S)
    for text in range(500):
        service.say("xqc", f"{text}")
    service.wait_until_received("xqc")
    assert reader.stop(number) == 0
    assert "not acknowledged" not in reader.output()
    assert len(read_topic(kafka.bootstrap, topic, count=500, timeout_s=60)) == 500


def test_a_stopped_publisher_first_publishes_all_received_messages(
    service: Service, kafka: KafkaCluster, topic: str
) -> None:
    """It exits with status 0, and its successor continues without duplicates."""
    publisher = service.start_publisher()
    wait_for_line(publisher, "is ready", START_WITHIN_S)
    service.start_reader("xqc")
    for text in range(500):
        service.say("xqc", f"{text}")
    assert publisher.stop() == 0
    for text in range(500, 1000):
        service.say("xqc", f"{text}")
    service.start_publisher()
    service.wait_until_received("xqc")
    records = read_topic(kafka.bootstrap, topic, count=1000, timeout_s=60)
    texts = [decode_chat_message(record.value).message for record in records]
    assert texts == [str(number) for number in range(1000)]


def test_logs_can_be_json_and_never_contain_the_token(
    service: Service, chat: BackgroundChatServer, kafka: KafkaCluster, topic: str
) -> None:
    """One object per line, of reader and publisher, also at level debug."""
    chat.server.state.tokens["verysecret"] = "somebot"
    loud = {"LOG_FORMAT": "json", "LOG_LEVEL": "debug"}
    publisher = service.start_publisher(**loud)
    reader = service.start_reader(
        "xqc", TWITCH_USERNAME="somebot", TWITCH_OAUTH_TOKEN="oauth:verysecret", **loud
    )
    service.say("xqc", "hello")
    read_topic(kafka.bootstrap, topic, count=1, timeout_s=60)
    wait_for(lambda: "hello" in reader.output(), 60, "the message in the reader's log")
    reader.stop()
    publisher.stop()
    for process, name in ((reader, "reader"), (publisher, "publisher")):
        lines = [json.loads(line) for line in process.output().splitlines()]
        assert {line["process"] for line in lines} == {name}
        assert "verysecret" not in process.output()
    assert {line["channel"] for line in map(json.loads, reader.output().splitlines())} == {"xqc"}


def test_unusual_characters_arrive_unchanged(
    service: Service, kafka: KafkaCluster, topic: str
) -> None:
    """Spaces, quotes, emoji, right-to-left text and invisible characters."""
    texts = ["::)", "  two  spaces", "żółw 🐢 \U000e0000", 'quo"te \\ slash', "\ttab", "ﷺ"]
    service.start_publisher()
    service.start_reader("xqc")
    for text in texts:
        service.say("xqc", text)
    records = read_topic(kafka.bootstrap, topic, count=len(texts), timeout_s=60)
    messages: list[ChatMessage] = [decode_chat_message(record.value) for record in records]
    assert [message.message for message in messages] == texts
