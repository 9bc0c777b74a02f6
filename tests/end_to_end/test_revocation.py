"""The key of one of two readers' hosts is revoked and authorised again at run time."""

from __future__ import annotations

from pathlib import Path

from common.chat_message import decode_chat_message
from common.key_files import READERS_PAIR, authorize, keys_folder, read_pair
from simulator.background import BackgroundChatServer
from tests.end_to_end.service import START_WITHIN_S, Service
from tests.kafka.cluster import KafkaCluster
from tests.link_keys import give_keys
from tests.processes import StartProcess, wait_for_line
from tests.topics import read_all, read_topic

CHANNELS = ("stays", "leaves")
_WITHIN_S = 60


def send_messages(service: Service, first: int, count: int) -> None:
    """Send numbered messages in both channels, and return once the readers have them."""
    for number in range(first, first + count):
        for channel in CHANNELS:
            service.say(channel, f"{channel} {number}")
    for channel in CHANNELS:
        service.wait_until_received(channel)


def test_a_revoked_host_keeps_its_messages_until_it_is_authorised_again(
    processes: StartProcess,
    chat: BackgroundChatServer,
    short_folder: Path,
    kafka: KafkaCluster,
    topic: str,
) -> None:
    """The other host is not affected. In the end all messages are there, once and in order."""
    service = Service(processes, chat, short_folder, kafka.bootstrap, topic)
    publisher_state = Path(service.environment["STATE_DIR"])
    states = {channel: short_folder / channel for channel in CHANNELS}
    settings = {name: give_keys(publisher_state, state, name) for name, state in states.items()}
    publisher = service.start_publisher()
    wait_for_line(publisher, "is ready: session", START_WITHIN_S)
    for channel, state in states.items():
        service.start_reader(channel, STATE_DIR=str(state), **settings[channel])
    send_messages(service, 0, 100)
    read_topic(kafka.bootstrap, topic, count=200, timeout_s=_WITHIN_S)

    file = keys_folder(publisher_state) / "authorized" / "leaves.json"
    file.unlink()
    wait_for_line(publisher, "refused a connection, unknown key", _WITHIN_S)
    send_messages(service, 100, 100)
    read_topic(kafka.bootstrap, topic, count=300, timeout_s=_WITHIN_S)
    assert len(read_all(kafka.bootstrap, topic, timeout_s=_WITHIN_S)) == 300

    pair = read_pair(keys_folder(states["leaves"]) / READERS_PAIR)
    assert pair
    authorize(keys_folder(publisher_state), "leaves", pair.public_key)
    send_messages(service, 200, 100)
    read_topic(kafka.bootstrap, topic, count=600, timeout_s=_WITHIN_S)
    records = read_all(kafka.bootstrap, topic, timeout_s=_WITHIN_S)
    texts = [decode_chat_message(record.value).message for record in records]
    for channel in CHANNELS:
        expected = [f"{channel} {number}" for number in range(300)]
        assert [text for text in texts if text.startswith(channel)] == expected
