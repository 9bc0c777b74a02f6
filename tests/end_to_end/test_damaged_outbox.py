"""An outbox that was damaged while its reader was down, from the restart to the gap in Kafka."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from common import exit_codes
from common.chat_gap import GapReason, decode_chat_gap
from common.chat_message import decode_chat_message
from common.unix_time import unix_ms
from tests.end_to_end.service import Service
from tests.kafka.cluster import KafkaCluster
from tests.processes import StartProcess, python_module, wait_for
from tests.readers.outbox.damages import in_the_file
from tests.topics import read_all, read_topic

MESSAGES = 200


def leave_a_damaged_outbox(service: Service) -> int:
    """
    Let a reader receive 200 messages, kill it, and damage two pages in the middle of its outbox.

    Returns the time of the first message, Unix milliseconds. The next ones follow each millisecond.
    """
    reader = service.start_reader("xqc")
    first_ms = unix_ms()
    for number in range(MESSAGES):
        service.say("xqc", f"{number} {'x' * 400}", sent_ms=first_ms + number)  # type: ignore[arg-type]
        # So that each is a batch of its own.
        service.wait_until_received("xqc")
    reader.send(signal.SIGKILL)
    reader.wait(60)
    in_the_file(15, 2)(Path(service.environment["STATE_DIR"]) / "outbox" / "xqc.db")
    return first_ms


def test_what_a_reader_cannot_read_is_covered_by_a_gap_record(
    service: Service, kafka: KafkaCluster, topic: str
) -> None:
    """Everything else arrives. The reader ends when it finds the damage, and is then started."""
    first_ms = leave_a_damaged_outbox(service)
    reader = service.start_reader("xqc")
    service.start_publisher()
    assert reader.wait(30) == exit_codes.FAILURE
    assert "is damaged" in reader.output()
    reader = service.start_reader("xqc")
    assert "Others may be lost" in reader.output()
    service.say("xqc", "end")

    def numbers() -> set[int] | None:
        records = read_all(kafka.bootstrap, topic, timeout_s=30)
        texts = [decode_chat_message(record.value).message.split()[0] for record in records]
        return {int(text) for text in texts[:-1]} if texts and texts[-1] == "end" else None

    arrived = wait_for(numbers, 30, "the last message")
    # The first is that of the kill, and was in the damaged outbox.
    _, gap = (
        decode_chat_gap(record.value)
        for record in read_topic(kafka.bootstrap, f"{topic}-gaps", count=2, timeout_s=30)
    )
    lost = set(range(MESSAGES)) - arrived
    assert 0 < len(lost) < MESSAGES / 2
    assert gap.reason is GapReason.DAMAGED
    assert gap.from_ms <= first_ms + min(lost)
    assert gap.to_ms >= first_ms + max(lost)


def test_drain_delivers_what_can_be_read(
    service: Service, processes: StartProcess, kafka: KafkaCluster, topic: str
) -> None:
    """Its status is 1: only a reader can add the gap record."""
    leave_a_damaged_outbox(service)
    service.start_publisher()
    command = processes(python_module("readers.drain"), service.environment)
    assert command.wait(60) == exit_codes.FAILURE
    assert "Traceback" not in command.output()
    assert "messages may be lost, because the outbox was damaged" in command.output()
    records = read_topic(kafka.bootstrap, topic, count=MESSAGES // 2, timeout_s=30)
    assert decode_chat_message(records[0].value).message.startswith("0 ")


@pytest.mark.parametrize(
    ("command", "status"),
    [(("readers", "xqc"), exit_codes.SETTINGS), (("readers.drain",), exit_codes.FAILURE)],
)
def test_a_folder_in_place_of_an_outbox_is_one_line(
    processes: StartProcess, short_folder: Path, command: tuple[str, ...], status: int
) -> None:
    """A restart does not help, so supervisord does not restart the reader."""
    (short_folder / "outbox" / "xqc.db").mkdir(parents=True)
    process = processes(python_module(*command), {"STATE_DIR": str(short_folder)})
    assert process.wait(30) == status
    (line,) = [line for line in process.output().splitlines() if " ERROR " in line]
    assert "it is a directory; move it away" in line
    assert "Traceback" not in process.output()
