"""The recorded chat of the demo has everything that Twitch says: all of it arrives in Kafka."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator, Sequence
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


def values_of(recording: Recording, lines: Sequence[bytes]) -> Iterator[dict[str, Any]]:
    """Yield the values of the records that *lines* are; one of settings without its time."""
    parse = line_parser(extended=True).parse
    for at, line in enumerate(lines):
        irc = parse_irc(line)
        assert irc
        if irc.command == "ROOMSTATE":
            payload = chat_settings(room_state(irc.tags), snapshot=at == 0)
            envelope = {"channel_id": recording.room_id, "channel": recording.channel}
            yield {**envelope, "type": SETTINGS, SETTINGS: msgspec.to_builtins(payload)}
        for received in parse(irc, recording.room_id, unix_ms()):
            if isinstance(received, ReceivedEvent):
                yield json.loads(encode_chat_event(received.event))
            else:
                yield json.loads(encode_chat_message(received.message))


def value_of(record: Record) -> dict[str, Any]:
    """Return the value of *record*; one of settings without the time of the reader's clock."""
    value: dict[str, Any] = json.loads(record.value)
    if value.get("type") == SETTINGS:
        del value["timestamp"]
    return value


def test_everything_that_twitch_says_arrives_as_it_was_said(
    service: Service, chat: BackgroundChatServer, kafka: KafkaCluster, topic: str
) -> None:
    """Nothing else, and by `seq` the messages and events of a channel are in its order."""
    recordings = load_recordings()
    chat.server.state.room_ids |= {one.channel: one.room_id for one in recordings}
    service.start_publisher()
    trusting = ssl.create_default_context(cafile=service.environment["SSL_CERT_FILE"])
    expected = {}
    for recording in recordings:
        service.start_reader(recording.channel, KAFKA_MESSAGE_FIELDS="extended")
        lines = chat.run(played(chat, recording, trusting))
        expected[recording.room_id.encode()] = list(values_of(recording, lines))

    everything = [value for values in expected.values() for value in values]
    events = sum("type" in value for value in everything)
    records = [
        record
        for name, count in ((f"{topic}-events", events), (topic, len(everything) - events))
        for record in read_topic(kafka.bootstrap, name, count=count, timeout_s=WITHIN_S)
    ]
    records.sort(key=lambda record: int(record.headers["seq"]))
    for key, values in expected.items():
        assert [value_of(record) for record in records if record.key == key] == values
