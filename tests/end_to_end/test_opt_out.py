"""Somebody opts out: readers leave them out at once, and stores learn it from Kafka."""

from __future__ import annotations

import signal
from pathlib import Path

from common.chat_message import decode_chat_message
from common.opt_out import OptOut, decode_opt_out
from common.status.last_messages import messages_page
from common.status.page import read_page
from common.status.reader_status import ReaderStatus, reader_page
from common.unix_time import unix_ms
from tests.end_to_end.service import START_WITHIN_S, Service
from tests.kafka.cluster import KafkaCluster
from tests.processes import StartProcess, python_module, wait_for, wait_for_line
from tests.topics import read_topic

WITHIN_S = 60


def test_an_opt_out_is_published_whatever_is_killed(
    processes: StartProcess, service: Service, kafka: KafkaCluster, topic: str, short_folder: Path
) -> None:
    """From the outbox of the command, by the command itself or by `drain`."""
    (short_folder / "channels.conf").touch()
    began_ms = unix_ms()
    killed = processes(python_module("readers.optout", "ShyOne"), service.environment)
    wait_for_line(killed, "publishing 1 records", WITHIN_S)
    killed.send(signal.SIGKILL)
    killed.wait(WITHIN_S)

    service.start_publisher()
    drain = processes(python_module("readers.drain"), service.environment)
    assert drain.wait(2 * WITHIN_S) == 0
    assert "opt-out: 1 messages delivered, 0 left" in drain.output()
    command = processes(
        python_module("readers.optout", "4711", "shyone", "--within", "60"), service.environment
    )
    assert command.wait(2 * WITHIN_S) == 0
    assert "1 added, 1 there already" in command.output()

    records = read_topic(kafka.bootstrap, f"{topic}-events", count=3, timeout_s=30)
    # Those of one command may have the same time.
    records.sort(key=lambda record: (record.timestamp, record.key))
    made = [decode_opt_out(record.value) for record in records]
    assert all(began_ms <= one.timestamp <= unix_ms() for one in made)
    assert [(record.key, one) for record, one in zip(records, made, strict=True)] == [
        (b"shyone", OptOut(username="shyone", timestamp=records[0].timestamp)),
        (b"4711", OptOut(user_id="4711", timestamp=records[1].timestamp)),
        (b"shyone", OptOut(username="shyone", timestamp=records[2].timestamp)),
    ]


def test_a_reader_that_runs_leaves_them_out(
    processes: StartProcess,
    service: Service,
    short_folder: Path,
    kafka: KafkaCluster,
    topic: str,
) -> None:
    """Without a restart. What it leaves out is counted, and named in no log."""
    reader = service.start_reader("xqc", LOG_LEVEL="debug", MONITOR_SHOW_MESSAGES="true")
    state = Path(service.environment["STATE_DIR"])
    page, shown = reader_page(state, "xqc"), messages_page(state, "xqc")
    service.say("xqc", "before", login="shyone")
    service.wait_until_received("xqc")
    assert b"before" in shown.read_bytes()
    said = len(reader.output())
    command = processes(
        python_module("readers.optout", "shyone", "--within", "0"), service.environment
    )
    assert command.wait(WITHIN_S) == 1

    hushed = 0

    def is_left_out() -> bool | None:
        # The first ones may come before the reader looks at the file.
        nonlocal hushed
        hushed += 1
        service.say("xqc", "hushed", login="shyone")
        service.wait_until_received("xqc")
        return read_page(page, ReaderStatus).status.opted_out > 0 or None

    wait_for(is_left_out, WITHIN_S, "a message to be left out")
    left_at = len(reader.output())
    service.say("xqc", "hushed", login="shyone")
    service.say("xqc", "open", login="bold")
    service.wait_until_received("xqc")
    assert '"open"' in reader.output()[left_at:]
    assert "shyone" not in reader.output()[left_at:]
    assert b"shyone" not in shown.read_bytes()
    assert "optout.conf has changed; entries: 1" in reader.output()[said:]
    reader.stop(signal.SIGKILL)

    wait_for_line(service.start_publisher(), "is ready", START_WITHIN_S)
    drain = processes(python_module("readers.drain"), service.environment)
    assert drain.wait(WITHIN_S) == 0
    delivered = wait_for_line(drain, r"xqc: (\d+) messages delivered", WITHIN_S)
    status = read_page(page, ReaderStatus).status
    messages = int(delivered[1]) - status.gaps - status.events
    assert messages <= 1 + hushed, "at least one of the last two is left out"
    records = read_topic(kafka.bootstrap, topic, count=messages, timeout_s=30)
    texts = [decode_chat_message(record.value).message for record in records]
    assert texts == ["before", *["hushed"] * (messages - 2), "open"]

    (short_folder / "optout.conf").unlink()
    (short_folder / "optout.conf").mkdir()
    refused = processes(python_module("readers", "xqc"), service.environment)
    assert refused.wait(WITHIN_S) == 78
    assert "Nothing is read from Twitch" in refused.output()
