"""Processes whose output nobody reads, or whose output has gone: they work and stop as always."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from simulator.background import BackgroundChatServer
from tests.end_to_end.supervised_service import SETTINGS, SupervisedService, prepare
from tests.processes import Process, StartProcess, python_module, wait_for

#: Runs a command with its output to a pipe or terminal in the state that the name says. The command
#: inherits the other end, so that it stays open.
_OUTPUTS = {
    "full pipe": """
reading, writing = os.pipe()
os.set_inheritable(reading, True)
os.set_blocking(writing, False)
fill(writing)
os.set_blocking(writing, True)
""",
    "stopped terminal": """
reading, writing = os.openpty()
os.set_inheritable(reading, True)
termios.tcflow(writing, termios.TCOOFF)
""",
    "terminal nobody reads": """
reading, writing = os.openpty()
os.set_inheritable(reading, True)
os.set_blocking(writing, False)
fill(writing)
os.set_blocking(writing, True)
""",
    "closed pipe": """
reading, writing = os.pipe()
os.close(reading)
""",
    "full disk": """
writing = os.open("/dev/full", os.O_WRONLY)
""",
    "closed": """
writing = None
""",
}

_RUN = """
import os, sys, termios

def fill(writing):
    try:
        while True:
            os.write(writing, b"x" * 1000)
    except BlockingIOError:
        pass

{output}
for stream in (1, 2):
    if writing is None:
        os.close(stream)
    else:
        os.dup2(writing, stream)
os.execvp(sys.argv[1], sys.argv[1:])
"""

Output = Callable[[list[str]], list[str]]


@pytest.fixture(params=_OUTPUTS)
def with_output(request: pytest.FixtureRequest) -> Output:
    """A function that returns the command that runs a command with such an output."""
    program = _RUN.format(output=_OUTPUTS[request.param])
    return lambda command: [sys.executable, "-c", program, *command]


@pytest.fixture
def twitch() -> Iterator[BackgroundChatServer]:
    """A running simulated Twitch."""
    with BackgroundChatServer() as server:
        yield server


def wait_until_joined(twitch: BackgroundChatServer) -> None:
    """Return once a reader is in the channel xqc."""
    twitch.run(twitch.server.wait_for_join("xqc", timeout_s=20))


def test_supervisord_and_its_programs_start_and_stop(
    processes: StartProcess, short_folder: Path, twitch: BackgroundChatServer, with_output: Output
) -> None:
    """A reader joins its channel. supervisorctl works. SIGTERM stops everything."""
    prepare(short_folder, chat_port=twitch.port, channels="xqc\n")

    def start(command: list[str]) -> Process:
        return processes(with_output(command))

    service = SupervisedService(start, short_folder)
    wait_until_joined(twitch)
    assert service.programs()["reader-xqc"].pid
    assert "no log file" in service.control("tail", "reader-xqc")
    service.control("maintail")
    assert service.supervisord.stop(signal.SIGTERM, timeout_s=20) == 0


def test_a_reader_without_supervisord_joins_and_stops(
    processes: StartProcess, twitch: BackgroundChatServer, with_output: Output
) -> None:
    """Although it logs every message."""
    settings = dict(line.split("=", 1) for line in SETTINGS.format(port=twitch.port).split())
    command = with_output(python_module("readers", "xqc"))
    reader = processes(command, settings | {"LOG_LEVEL": "debug"})
    wait_until_joined(twitch)
    assert reader.stop(signal.SIGTERM, timeout_s=20) == 0


def test_a_publisher_without_supervisord_starts_and_stops(
    processes: StartProcess, short_folder: Path, with_output: Output
) -> None:
    """Its embedded Kafka runs in between."""
    (short_folder / "var").mkdir()
    settings = dict(line.split("=", 1) for line in SETTINGS.format(port=1).split())
    publisher = processes(with_output(python_module("publisher")), settings)
    wait_for((short_folder / "var" / "kafka.bootstrap").exists, 20, "the embedded Kafka")
    assert publisher.stop(signal.SIGINT, timeout_s=20) == 0


def test_auth_without_a_login_ends(processes: StartProcess, with_output: Output) -> None:
    """It has one line to log."""
    assert processes(with_output(python_module("auth"))).wait(20) == 0


def test_a_wrong_setting_ends_the_process(processes: StartProcess, with_output: Output) -> None:
    """With the exit status that supervisord does not restart."""
    command = with_output(python_module("publisher"))
    assert processes(command, {"KAFKA_TOPIC_PARTITIONS": "many"}).wait(20) == 78
