"""The recorded chat of the demo has everything that Twitch says: all of it arrives in Kafka."""

from __future__ import annotations

import json
import ssl
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from common.chat_event import encode_chat_event
from common.chat_message import encode_chat_message
from common.unix_time import unix_ms
from readers.parsing.irc import parse_irc
from readers.parsing.line_parser import line_parser
from readers.parsing.received import ReceivedEvent
from readers.parsing.room_state import chat_settings, room_state
from simulator.background import BackgroundChatServer
from simulator.playback import Recording, load_recordings, send_recorded
from tests.end_to_end.service import Service
from tests.kafka.cluster import KafkaCluster
from tests.simulator.raw_client import RawClient
from tests.topics import Record, read_topic

WITHIN_S = 60
SETTINGS = "chat_settings_update"


async def played(
    chat: BackgroundChatServer, recording: Recording, trusting: ssl.SSLContext
) -> list[bytes]:
    """Play *recording* at once; return what a client got since its JOIN, from its ROOMSTATE on."""
    async with await RawClient.connect(chat.port, trusting) as client:
        await client.log_in("justinfan1", "twitch.tv/tags", "twitch.tv/commands")
        responses = await client.join(recording.channel)
        snapshot = [line for line in responses if " ROOMSTATE #" in line]
        fresh_ids: dict[bytes, bytes] = {}
        for line in recording.lines:
            await send_recorded(chat.server, recording.channel, line, fresh_ids)
        return [line.encode() for line in snapshot + await client.read_responses()]


def expected_values(
    recording: Recording, lines: Sequence[bytes]
) -> tuple[list[bytes], list[dict[str, Any]]]:
    """Return the messages and the events that *lines* say, the latter without unknown times."""
    messages, events = [], []
    for at, line in enumerate(lines):
        irc = parse_irc(line)
        assert irc
        if irc.command == "ROOMSTATE":
            payload = chat_settings(room_state(irc.tags), snapshot=at == 0)
            envelope = {"channel_id": recording.room_id, "channel": recording.channel}
            events.append({**envelope, "type": SETTINGS, SETTINGS: msgspec.to_builtins(payload)})
            continue
        for received in line_parser(extended=True).parse(irc, recording.room_id, unix_ms()):
            if isinstance(received, ReceivedEvent):
                events.append(json.loads(encode_chat_event(received.event)))
            else:
                messages.append(encode_chat_message(received.message))
    return messages, events


def by_channel(records: Sequence[Record]) -> Mapping[bytes | None, list[Record]]:
    """Return *records* by their key, in order."""
    found = defaultdict(list)
    for record in records:
        found[record.key].append(record)
    return found


def event_of(record: Record) -> dict[str, Any]:
    """Return the event in *record*; one of settings without the time of the reader's clock."""
    event: dict[str, Any] = json.loads(record.value)
    if event["type"] == SETTINGS:
        del event["timestamp"]
    return event


def test_everything_that_twitch_says_arrives_as_it_was_said(
    service: Service, chat: BackgroundChatServer, kafka: KafkaCluster, topic: str
) -> None:
    """In the order of each channel; its messages and its events fit into one order by `seq`."""
    recordings = load_recordings()
    chat.server.state.room_ids |= {one.channel: one.room_id for one in recordings}
    service.start_publisher()
    trusting = ssl.create_default_context(cafile=service.environment["SSL_CERT_FILE"])
    expected = {}
    for recording in recordings:
        service.start_reader(recording.channel, KAFKA_MESSAGE_FIELDS="extended")
        lines = chat.run(played(chat, recording, trusting))
        expected[recording.room_id.encode()] = expected_values(recording, lines)

    counts = [sum(map(len, kind)) for kind in zip(*expected.values(), strict=True)]
    messages, events = (
        by_channel(read_topic(kafka.bootstrap, name, count=count, timeout_s=WITHIN_S))
        for name, count in zip((topic, f"{topic}-events"), counts, strict=True)
    )
    for key, (said, happened) in expected.items():
        assert [record.value for record in messages[key]] == said
        assert [event_of(record) for record in events[key]] == happened
        numbers = [int(record.headers["seq"]) for record in (*messages[key], *events[key])]
        assert sorted(numbers) == sorted(set(numbers))
