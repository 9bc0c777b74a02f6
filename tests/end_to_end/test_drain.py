"""`readers.drain` delivers the outboxes of channels that are no longer read."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from common.chat_message import decode_chat_message
from simulator.background import BackgroundChatServer
from tests.end_to_end.service import START_WITHIN_S, Service
from tests.kafka.cluster import KafkaCluster
from tests.processes import Process, StartProcess, python_module, wait_for_line
from tests.readers.outbox.layout_files import LAYOUTS, name_of, unpacked
from tests.topics import read_topic


@pytest.fixture
def service(
    processes: StartProcess,
    chat: BackgroundChatServer,
    short_folder: Path,
    kafka: KafkaCluster,
    topic: str,
) -> Service:
    """
    Return an installation with 100 messages in the outbox of a channel without a reader.

    There is an event, too: the settings of the chat.
    """
    service = Service(processes, chat, short_folder, kafka.bootstrap, topic)
    reader = service.start_reader("xqc")
    for number in range(100):
        service.say("xqc", str(number))
    service.wait_until_received("xqc")
    reader.send(signal.SIGKILL)
    reader.wait(60)
    return service


def drain(processes: StartProcess, service: Service, *arguments: str) -> Process:
    """Start `python -m readers.drain`."""
    return processes(python_module("readers.drain", *arguments), service.environment)


def test_drain_delivers_the_messages(
    processes: StartProcess, service: Service, kafka: KafkaCluster, topic: str
) -> None:
    """Without a reader and without Twitch. The status is 0 if nothing is left."""
    service.start_publisher()
    service.environment["LOG_FORMAT"] = "json"
    command = drain(processes, service)
    assert command.wait(60) == 0
    assert "xqc: 101 messages delivered, 0 left" in command.output()
    assert '"counts":{"delivered":101,"left":0}' in command.output()
    assert '"counts":{"outboxes":1,"delivered":101,"left":0,' in command.output()
    folder = Path(service.environment["STATE_DIR"]) / "outbox"
    total = (
        f"outboxes in {folder}: 1 (in use: 0, with problems: 0); messages: 101 delivered, 0 left"
    )
    assert total in command.output()
    records = read_topic(kafka.bootstrap, topic, count=100, timeout_s=30)
    texts = [decode_chat_message(record.value).message for record in records]
    assert texts == [str(number) for number in range(100)]


def test_outboxes_of_earlier_releases_are_drained(
    processes: StartProcess, service: Service, kafka: KafkaCluster, topic: str
) -> None:
    """Of each layout, in order, each message once; and nothing is set aside."""
    folder = Path(service.environment["STATE_DIR"]) / "outbox"
    for layout in LAYOUTS:
        path = unpacked(layout, folder / name_of(layout))
        for file in list(path.parent.iterdir()):
            file.rename(folder / file.name.replace("xqc", name_of(layout)))
    service.start_publisher()
    command = drain(processes, service)
    assert command.wait(60) == 0
    assert f": {len(LAYOUTS) + 1} (in use: 0, with problems: 0)" in command.output()
    records = read_topic(kafka.bootstrap, topic, count=100 + 3 * len(LAYOUTS), timeout_s=30)
    texts: dict[str, list[str]] = {}
    for record in records:
        reader = record.headers["reader"].decode().partition("/")[0]
        texts.setdefault(reader, []).append(decode_chat_message(record.value).message)
    assert len(texts.pop("xqc")) == 100
    assert texts == {name_of(layout): ["4", "5", "6"] for layout in LAYOUTS}
    assert not list(folder.glob("*set-aside*"))


def test_messages_that_cannot_be_delivered_stay_in_the_outbox(
    processes: StartProcess, service: Service
) -> None:
    """Without a publisher the wait is bounded, and the status is 1."""
    command = drain(processes, service, "--within", "1")
    assert command.wait(60) == 1
    assert "1 (in use: 0, with problems: 0); messages: 0 delivered, 101 left" in command.output()


def test_an_outbox_that_is_in_use_is_skipped(processes: StartProcess, service: Service) -> None:
    """Its reader delivers the messages."""
    publisher = service.start_publisher()
    wait_for_line(publisher, "is ready", START_WITHIN_S)
    service.start_reader("xqc")
    command = drain(processes, service)
    assert command.wait(60) == 0
    assert "if that is its reader" in command.output()
    assert "1 (in use: 1, with problems: 0); messages: 0 delivered, 0 left" in command.output()


def test_an_outbox_that_cannot_be_opened_counts_as_a_problem(
    processes: StartProcess, service: Service
) -> None:
    """The others are drained."""
    publisher = service.start_publisher()
    wait_for_line(publisher, "is ready", START_WITHIN_S)
    (Path(service.environment["STATE_DIR"]) / "outbox" / "a folder.db").mkdir()
    command = drain(processes, service)
    assert command.wait(60) == 1
    assert "2 (in use: 0, with problems: 1); messages: 101 delivered, 0 left" in command.output()


def test_a_folder_without_outboxes_is_named(processes: StartProcess, tmp_path: Path) -> None:
    """Nothing is left there."""
    (tmp_path / "outbox").mkdir()
    command = processes(python_module("readers.drain"), {"STATE_DIR": str(tmp_path)})
    assert command.wait(60) == 0
    assert f"outboxes in {tmp_path}/outbox: 0 (" in command.output()


@pytest.mark.parametrize(
    ("is_file", "problem"),
    [
        (False, "there is no folder {}/outbox: no reader has run with this STATE_DIR"),
        (True, "cannot look for outboxes in {}/outbox: Not a directory"),
    ],
)
def test_a_folder_that_is_not_there_is_no_empty_one(
    processes: StartProcess, tmp_path: Path, is_file: bool, problem: str
) -> None:
    """Else, in the wrong folder, it would say that nothing is left."""
    if is_file:
        (tmp_path / "outbox").write_text("a file")
    command = processes(python_module("readers.drain"), {"STATE_DIR": str(tmp_path)})
    assert command.wait(60) == 78
    assert problem.format(tmp_path) in command.output()
