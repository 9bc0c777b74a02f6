"""Processes whose output nobody reads, or whose output has gone: they work and stop as always."""

from __future__ import annotations

import shlex
import signal
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import pytest

from simulator.background import BackgroundChatServer
from tests.end_to_end.supervised_service import (
    SETTINGS,
    SupervisedService,
    prepare,
    wait_until_joined,
)
from tests.outputs import OUTPUTS, READ_ENDS, read_once, with_output
from tests.processes import Process, StartProcess, python_module, wait_for

Output = Callable[[Sequence[str]], list[str]]


@pytest.fixture(params=OUTPUTS)
def unread(request: pytest.FixtureRequest) -> Output:
    """A function that returns the command that runs a command with such an output."""
    return partial(with_output, request.param)


def test_supervisord_and_its_programs_start_and_stop(
    processes: StartProcess, short_folder: Path, twitch: BackgroundChatServer, unread: Output
) -> None:
    """A reader joins its channel. supervisorctl works. SIGTERM stops everything."""
    prepare(short_folder, chat_port=twitch.port, channels="xqc\n")

    def start(arguments: Sequence[str], environment: Mapping[str, str] | None = None) -> Process:
        return processes(unread(arguments), environment)

    service = SupervisedService(start, short_folder)
    wait_until_joined(twitch, "xqc")
    assert service.programs()["reader-xqc"].pid
    assert "no log file" in service.control("tail", "reader-xqc")
    service.control("maintail")
    assert service.supervisord.stop(signal.SIGTERM, timeout_s=20) == 0


@pytest.mark.parametrize(
    ("ends", "streams"),
    [("pipe", [1]), ("pipe", [2]), *((ends, [1, 2]) for ends in READ_ENDS)],
    ids=str,
)
def test_supervisord_goes_on_when_the_reader_of_its_output_leaves(
    processes: StartProcess,
    short_folder: Path,
    twitch: BackgroundChatServer,
    ends: str,
    streams: Sequence[int],
) -> None:
    """As with `supervisord | head -1`: it logs further lines of its own, and stops with 0."""
    prepare(short_folder, chat_port=twitch.port, channels="xqc\n")

    def start(arguments: Sequence[str], environment: Mapping[str, str] | None = None) -> Process:
        return processes(read_once(ends, streams, arguments), environment)

    service = SupervisedService(start, short_folder)
    wait_until_joined(twitch, "xqc")
    before = service.programs()["publisher"].pid
    assert "publisher: started" in service.control("restart", "publisher")
    after = service.programs()
    assert after["publisher"].pid not in {0, before}
    assert after["reader-xqc"].pid
    assert service.supervisord.stop(timeout_s=20) == 0


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_readers_log_whatever_supervisord_has_closed(
    processes: StartProcess, short_folder: Path, twitch: BackgroundChatServer, closed: str
) -> None:
    """A program's descriptors are pipes to supervisord, not what supervisord had before."""
    prepare(short_folder, chat_port=twitch.port, channels="xqc\n")
    printed = "" if ">&-" in closed.replace("2>&-", "") else ">lines"

    def start(arguments: Sequence[str], environment: Mapping[str, str] | None = None) -> Process:
        command = f"exec {shlex.join(arguments)} {printed} {closed}"
        return processes(["sh", "-c", command], environment)

    service = SupervisedService(start, short_folder)
    wait_until_joined(twitch, "xqc")
    lines = short_folder / "lines"
    if printed:
        wait_for(lambda: "publisher: started" in lines.read_text(), 60, "the publisher's start")
    service.control("shutdown")
    assert service.supervisord.wait(20) == 0
    if printed:
        assert "reader xqc: in the channel" in lines.read_text()
        assert "publisher: stopped" in lines.read_text()


def test_a_reader_without_supervisord_joins_and_stops(
    processes: StartProcess, twitch: BackgroundChatServer, unread: Output
) -> None:
    """Although it logs every message."""
    settings = dict(line.split("=", 1) for line in SETTINGS.format(port=twitch.port).split())
    command = unread(python_module("readers", "xqc"))
    reader = processes(command, settings | {"LOG_LEVEL": "debug"})
    wait_until_joined(twitch, "xqc")
    assert reader.stop(signal.SIGTERM) == 0


@pytest.mark.parametrize("ends", READ_ENDS)
def test_a_reader_without_supervisord_goes_on_when_the_reader_of_its_output_leaves(
    processes: StartProcess, short_folder: Path, twitch: BackgroundChatServer, ends: str
) -> None:
    """It logs that it joins, and each message."""
    (short_folder / "var").mkdir()
    settings = dict(line.split("=", 1) for line in SETTINGS.format(port=twitch.port).split())
    # Else it would wait for acknowledgements when it is stopped.
    processes(python_module("publisher"), settings)
    command = read_once(ends, [1, 2], python_module("readers", "xqc"))
    reader = processes(command, settings | {"LOG_LEVEL": "debug"})
    wait_until_joined(twitch, "xqc")
    for number in range(10):
        twitch.run(twitch.server.say("xqc", f"message {number}"))
    twitch.run(twitch.server.ping_and_wait("xqc"))
    assert reader.stop(signal.SIGTERM) == 0


@pytest.mark.parametrize("ends", READ_ENDS)
def test_a_publisher_without_supervisord_goes_on_when_the_reader_of_its_output_leaves(
    processes: StartProcess, short_folder: Path, ends: str
) -> None:
    """It stops as always."""
    (short_folder / "var").mkdir()
    settings = dict(line.split("=", 1) for line in SETTINGS.format(port=1).split())
    publisher = processes(read_once(ends, [1, 2], python_module("publisher")), settings)
    wait_for((short_folder / "var" / "kafka.bootstrap").exists, 60, "the embedded Kafka")
    assert publisher.stop(signal.SIGINT) == 0


def test_a_publisher_without_supervisord_starts_and_stops(
    processes: StartProcess, short_folder: Path, unread: Output
) -> None:
    """Its embedded Kafka runs in between."""
    (short_folder / "var").mkdir()
    settings = dict(line.split("=", 1) for line in SETTINGS.format(port=1).split())
    publisher = processes(unread(python_module("publisher")), settings)
    wait_for((short_folder / "var" / "kafka.bootstrap").exists, 60, "the embedded Kafka")
    assert publisher.stop(signal.SIGINT) == 0


def test_auth_without_a_login_stops(processes: StartProcess, unread: Output) -> None:
    """It has two lines to log."""
    auth = processes(unread(python_module("auth")))
    wait_for(lambda: _catches(auth.pid, signal.SIGTERM), 60, "the handler of SIGTERM")
    assert auth.stop(signal.SIGTERM) == 0


def test_a_wrong_setting_ends_the_process(processes: StartProcess, unread: Output) -> None:
    """With the exit status that supervisord does not restart."""
    command = unread(python_module("publisher"))
    assert processes(command, {"KAFKA_TOPIC_PARTITIONS": "many"}).wait(60) == 78


def _catches(pid: int, number: signal.Signals) -> bool:
    """Return whether the process *pid* has a handler for the signal *number*."""
    status = Path(f"/proc/{pid}/status").read_text()
    caught = next(line for line in status.splitlines() if line.startswith("SigCgt:"))
    return bool(int(caught.split()[1], 16) >> (number - 1) & 1)
