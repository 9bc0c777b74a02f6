"""From Twitch's notices to the records that clients read from Kafka."""

from __future__ import annotations

from common.chat_event import decode_chat_event
from readers.parsing.irc import parse_irc
from simulator.background import BackgroundChatServer
from tests.corpora import OWN_RECORDINGS, expected_events, expected_messages, recorded_lines
from tests.end_to_end.service import START_WITHIN_S, Service
from tests.kafka.cluster import KafkaCluster
from tests.processes import wait_for_line
from tests.topics import Record, read_topic


def test_recorded_notices_arrive_as_documented(
    service: Service, chat: BackgroundChatServer, kafka: KafkaCluster, topic: str
) -> None:
    """
    Each once, with its id in a header, and in the order in which Twitch sent them.

    An announcement is in the topic of messages, too, and its `seq` says that it was there first.
    """
    publisher = service.start_publisher()
    wait_for_line(publisher, "is ready", START_WITHIN_S)
    reader = service.start_reader("xqc")
    wait_for_line(reader, "found the publisher", START_WITHIN_S)
    lines = recorded_lines(OWN_RECORDINGS / "events.txt")
    numbers = _with_new_ids(lines)
    chat.run(chat.server.send_lines("xqc", b"".join(lines[n - 1] + b"\r\n" for n in numbers)))
    announced = [n for n in numbers if n in expected_messages()["events.txt"]]
    # The settings of the chat come first.
    count = len(numbers) + 1
    records = read_topic(kafka.bootstrap, f"{topic}-events", count=count, timeout_s=60)
    _, *events = sorted(records, key=_seq)
    messages = read_topic(kafka.bootstrap, topic, count=len(announced), timeout_s=60)
    messages.sort(key=_seq)
    expected = expected_events()["events.txt"]
    assert [record.value for record in events] == [expected[number] for number in numbers]
    for record in events:
        event = decode_chat_event(record.value)
        assert record.headers["id"] == event.event_id.encode()
        assert (record.key, record.timestamp) == (event.channel_id.encode(), event.timestamp)
    for message, number in zip(messages, announced, strict=True):
        event_record = events[numbers.index(number)]
        assert message.headers["id"] == event_record.headers["id"]
        assert _seq(message) < _seq(event_record)


def _with_new_ids(lines: list[bytes]) -> list[int]:
    """Return the numbers of the lines whose id is not that of an earlier line."""
    seen = {""}
    numbers = []
    for number, line in enumerate(lines, start=1):
        irc = parse_irc(line)
        assert irc is not None
        if irc.tag("id") not in seen:
            seen.add(irc.tag("id"))
            numbers.append(number)
    return numbers


def _seq(record: Record) -> int:
    return int(record.headers["seq"])
