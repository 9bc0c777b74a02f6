"""supervisord starts and restarts all processes, with the readers of channels.conf."""

from __future__ import annotations

import os
import signal
import socket
from pathlib import Path

import pytest

from common import exit_codes
from simulator.background import BackgroundChatServer
from tests.end_to_end.supervised_service import (
    Program,
    SupervisedService,
    connections,
    prepare,
    wait_until_joined,
)
from tests.process_table import running_processes
from tests.processes import StartProcess, wait_for, wait_for_line


@pytest.fixture
def folder(short_folder: Path, twitch: BackgroundChatServer) -> Path:
    """Return a folder for supervisord with the channels xqc, shroud and forsen."""
    prepare(short_folder, chat_port=twitch.port, channels="xqc\n#shroud\ntwitch.tv/Forsen\n")
    return short_folder


def test_all_processes_start_and_stop_with_supervisord(
    processes: StartProcess, folder: Path
) -> None:
    """With only .env and channels.conf. On SIGTERM all stop cleanly, and nothing is left."""
    service = SupervisedService(processes, folder)
    service.wait_for_readers(["xqc", "shroud", "forsen"])
    wait_for_line(service.supervisord, "auth: there is no login", timeout_s=60)
    assert service.supervisord.stop() == 0
    assert [p for p in running_processes() if p.session == service.supervisord.pid] == []
    assert service.supervisord.output().count("(exit status 0)") == 6
    assert not (folder / "var" / "supervisor.sock").exists()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_reader_that_is_killed_or_stopped_by_a_signal_is_restarted(
    processes: StartProcess, folder: Path, number: signal.Signals
) -> None:
    """Only supervisord can stop a reader permanently."""
    service = SupervisedService(processes, folder)
    before = service.wait_for_readers(["xqc", "shroud", "forsen"])
    os.kill(before["reader-xqc"].pid, number)
    wait_for(lambda: service.programs()["reader-xqc"] != before["reader-xqc"], 60, "its exit")
    after = service.wait_for_readers(["xqc", "shroud", "forsen"])
    assert after["reader-xqc"].pid != before["reader-xqc"].pid
    assert after["reader-shroud"] == before["reader-shroud"]


def test_a_monitor_whose_port_is_taken_disturbs_nothing(
    processes: StartProcess, folder: Path
) -> None:
    """It says which one, and listens once the port is free."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        service = SupervisedService(
            lambda arguments, _=None: processes(arguments, {"MONITOR_BIND": address}), folder
        )
        cannot = f"ERROR +monitor: cannot listen on {address} "
        wait_for_line(service.supervisord, f"(?s){cannot}.*{cannot}", timeout_s=60)
        for channel in ("xqc", "shroud", "forsen"):
            wait_for_line(service.supervisord, f"{channel}: in the channel", timeout_s=60)
    wait_for_line(service.supervisord, f"monitor: serving .*{address}", timeout_s=60)
    service.wait_for_readers(["xqc", "shroud", "forsen"])


def test_a_program_with_a_wrong_setting_is_not_restarted(
    processes: StartProcess, folder: Path
) -> None:
    """It logs the error once, and stays stopped; supervisorctl says why."""
    with (folder / ".env").open("a") as settings:
        settings.write("KAFKA_TOPIC_PARTITIONS=many\n")
    service = SupervisedService(processes, folder)
    ended = f"publisher ended with status {exit_codes.SETTINGS}: a setting or a file is wrong"
    wait_for_line(service.supervisord, ended, timeout_s=60)
    assert service.programs()["publisher"] == Program("FATAL", 0)
    assert f"see its log (exit status {exit_codes.SETTINGS})" in service.control("status")
    assert service.supervisord.output().count("spawned: 'publisher'") == 1


def test_a_killed_supervisord_can_be_replaced_without_extra_readers(
    processes: StartProcess, folder: Path, twitch: BackgroundChatServer
) -> None:
    """Its readers and publisher detect this and exit; those of the next one replace them."""
    first = SupervisedService(processes, folder)
    first.wait_for_readers(["xqc", "shroud", "forsen"])
    wait_until_joined(twitch, "xqc", "shroud", "forsen")
    old = set(connections(twitch, "xqc"))
    first.supervisord.send(signal.SIGKILL)
    first.supervisord.wait(60)
    second = SupervisedService(processes, folder)
    wait_for(
        lambda: connections(twitch, "xqc") and old.isdisjoint(connections(twitch, "xqc")),
        60,
        "the new reader to replace the old one",
    )
    second.wait_for_readers(["xqc", "shroud", "forsen"])
    wait_for(
        lambda: not [p for p in running_processes() if p.session == first.supervisord.pid],
        30,
        "all processes of the first supervisord to exit",
    )
    assert len(connections(twitch, "xqc")) == 1
