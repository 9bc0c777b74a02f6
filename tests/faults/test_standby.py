"""Two hosts read the same channel: one of them may die without any effect on the topic."""

from __future__ import annotations

import json
import signal
from collections import Counter
from pathlib import Path

import pytest

from common.chat_gap import decode_chat_gap
from common.status.page import read_page
from common.status.reader_status import ReaderStatus, reader_page
from common.unix_time import unix_ms
from simulator.background import BackgroundChatServer
from tests.end_to_end.service import START_WITHIN_S, Service, twitch
from tests.kafka.cluster import KafkaCluster
from tests.processes import StartProcess, wait_for, wait_for_line
from tests.topics import read_all

CHANNEL = "xqc"

#: How often each text is said, and announced.
_TIMES = 10

#: The records of that: an announcement is a message and an event.
_RECORDS = 3 * _TIMES

#: A gap record waits 30 s for presence messages, and is sent with the next received message.
_GAP_WITHIN_S = 90


@pytest.mark.long
def test_a_readers_host_dies_without_a_gap_and_without_duplicates(
    processes: StartProcess, short_folder: Path, kafka: KafkaCluster, topic: str
) -> None:
    """
    What both have received is published once, and one reader's absence is no gap.

    A gap begins 7 s before the last received message. Here it ends when the other reader joined.
    """
    with twitch(short_folder) as chat:
        service = Service(processes, chat, short_folder, kafka.bootstrap, topic, DEDUPLICATE="true")
        publisher = service.start_publisher()
        wait_for_line(publisher, "is ready", START_WITHIN_S)
        one = service.start_reader(CHANNEL, STATE_DIR=str(short_folder / "one"))
        service.say(CHANNEL, "alone")
        # And the settings of the chat.
        wait_until_acknowledged(short_folder / "one", 2)
        service.start_reader(CHANNEL, STATE_DIR=str(short_folder / "two"))
        other_joined_ms = unix_ms()
        send_messages(service, chat, "both")
        # Records in Kafka could be those of the other reader only.
        wait_until_acknowledged(short_folder / "one", 2 + _RECORDS)
        one.send(signal.SIGKILL)
        one.kill()
        send_messages(service, chat, "one is away")
        service.start_reader(CHANNEL, STATE_DIR=str(short_folder / "one"))
        send_messages(service, chat, "both again")
        # It has received the first message and two texts, and sent a gap record.
        wait_until_acknowledged(short_folder / "one", 2 + 2 * _RECORDS + 1)
        assert publisher.stop() == 0

    said = dict.fromkeys(("both", "one is away", "both again"), _TIMES)
    announced = {f"{text}, announced": times for text, times in said.items()}
    assert texts_in(kafka, topic) == {"alone": 1} | said | announced
    assert texts_in(kafka, f"{topic}-events") == announced
    [record] = read_all(kafka.bootstrap, f"{topic}-gaps", timeout_s=START_WITHIN_S)
    assert decode_chat_gap(record.value).to_ms <= other_joined_ms


def send_messages(service: Service, chat: BackgroundChatServer, text: str) -> None:
    """Say *text* 10 times, and announce as many."""
    for _ in range(_TIMES):
        service.say(CHANNEL, text)
        announcement = f"{text}, announced"
        chat.run(chat.server.notice_event(CHANNEL, "announcement", text=announcement))


def texts_in(kafka: KafkaCluster, topic: str) -> Counter[str]:
    """Return how often each text is in *topic*."""
    records = read_all(kafka.bootstrap, topic, timeout_s=START_WITHIN_S)
    values = [json.loads(record.value) for record in records]
    return Counter(value["message"] for value in values if "message" in value)


def wait_until_acknowledged(state_dir: Path, records: int) -> None:
    """Return once *records* of the reader that keeps its state there are acknowledged."""
    page = reader_page(state_dir, CHANNEL)
    wait_for(
        lambda: read_page(page, ReaderStatus).status.acknowledged >= records,
        _GAP_WITHIN_S,
        f"{records} acknowledgements",
    )
