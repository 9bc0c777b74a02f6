"""The embedded cluster: there for whoever is told its address, gone with its publisher."""

from __future__ import annotations

import signal
from pathlib import Path

from common import exit_codes
from tests.processes import StartProcess, wait_for_line
from tests.publisher.peer import chat, connected_reader, start_publisher
from tests.topics import read_topic


def test_its_address_is_logged_and_written_and_others_can_read_it(
    processes: StartProcess, short_folder: Path, topic: str
) -> None:
    """Any client reads what was published, at the address in var/kafka.bootstrap."""
    publisher = start_publisher(processes, "embedded", topic)
    with connected_reader(publisher) as reader:
        reader.send(chat(1, 10), 1)
        reader.wait_for_acknowledgement(10)

    address = (short_folder / "var" / "kafka.bootstrap").read_text().strip()
    assert len(read_topic(address, topic, count=10, timeout_s=20)) == 10
    wait_for_line(publisher.process, f"embedded Kafka at {address}: in memory only", 1)


def test_its_address_goes_with_it(processes: StartProcess, short_folder: Path, topic: str) -> None:
    """After a clean end no file points to where nothing is."""
    publisher = start_publisher(processes, "embedded", topic)
    wait_for_line(publisher.process, "is ready: session", 20)

    assert publisher.process.stop(signal.SIGINT, timeout_s=5) == 0

    assert list((short_folder / "var").iterdir()) == []


def test_a_state_dir_that_cannot_be_is_told(processes: StartProcess, short_folder: Path) -> None:
    """Nothing can be read or written there: a wrong setting, which a restart does not mend."""
    (short_folder / "file").write_text("")
    publisher = processes(
        ["python", "-m", "publisher"],
        {
            "KAFKA_BROKERS": "embedded",
            "STATE_DIR": "file",
            "PUBLISHER_BIND": "tcp://127.0.0.1:0",
            "PUBLISHER_ACK_BIND": "tcp://127.0.0.1:0",
        },
    )

    assert publisher.wait(20) == exit_codes.SETTINGS
    assert "file/keys/publisher.json: Not a directory" in publisher.output()
    assert "Traceback" not in publisher.output()
