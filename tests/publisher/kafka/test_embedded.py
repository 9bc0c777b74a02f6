"""The embedded cluster: any client can use its address; it ends with its publisher."""

from __future__ import annotations

import signal
from pathlib import Path

from common import exit_codes
from tests.processes import StartProcess, wait_for_line
from tests.publisher.peer import chat, connected_reader, start_publisher
from tests.topics import read_topic


def test_the_address_is_logged_and_written_to_a_file(
    processes: StartProcess, short_folder: Path, topic: str
) -> None:
    """Any client can read the published records at the address in var/kafka.bootstrap."""
    publisher = start_publisher(processes, "embedded", topic)
    with connected_reader(publisher) as reader:
        reader.send(chat(1, 10), 1)
        reader.wait_for_acknowledgement(10)

    address = (short_folder / "var" / "kafka.bootstrap").read_text().strip()
    assert len(read_topic(address, topic, count=10, timeout_s=20)) == 10
    wait_for_line(publisher.process, f"embedded Kafka at {address}: in memory only", 1)


def test_the_address_file_is_removed_at_exit(
    processes: StartProcess, short_folder: Path, topic: str
) -> None:
    """After a clean stop no file names an address that is gone."""
    publisher = start_publisher(processes, "embedded", topic)
    wait_for_line(publisher.process, "is ready: session", 20)

    assert publisher.process.stop(signal.SIGINT) == 0

    assert [path.name for path in (short_folder / "var").iterdir()] == ["status"]


def test_an_impossible_state_dir_is_an_error(processes: StartProcess, short_folder: Path) -> None:
    """STATE_DIR is not a directory: a wrong setting, which a restart does not fix."""
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
