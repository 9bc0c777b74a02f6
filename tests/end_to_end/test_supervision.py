"""supervisord starts and restarts all processes, with the readers of channels.conf."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from common import exit_codes
from readers.supervision.programs import write_reader_programs
from simulator.background import BackgroundChatServer
from tests.end_to_end.supervised_service import (
    Program,
    SupervisedService,
    prepare,
    wait_until_joined,
)
from tests.process_table import running_processes
from tests.processes import StartProcess, wait_for, wait_for_line


@pytest.fixture
def twitch() -> Iterator[BackgroundChatServer]:
    """Yield a running simulated Twitch."""
    with BackgroundChatServer() as server:
        yield server


@pytest.fixture
def folder(short_folder: Path, twitch: BackgroundChatServer) -> Path:
    """Return a folder for supervisord with the channels xqc, shroud and forsen."""
    prepare(short_folder, chat_port=twitch.port, channels="xqc\n#shroud\ntwitch.tv/Forsen\n")
    return short_folder


def joined(twitch: BackgroundChatServer, channel: str) -> list[int]:
    """Return the numbers of the connections that are in *channel* now, counted from the first."""
    server = twitch.server
    return [server.history.index(session) for session in server.members(channel)]


def test_all_processes_start_and_stop_with_supervisord(
    processes: StartProcess, folder: Path
) -> None:
    """With only .env and channels.conf. On SIGTERM all stop cleanly, and nothing is left."""
    service = SupervisedService(processes, folder)
    service.wait_for_readers(["xqc", "shroud", "forsen"])
    assert service.supervisord.stop(signal.SIGTERM, timeout_s=10) == 0
    assert [p for p in running_processes() if p.session == service.supervisord.pid] == []
    assert service.supervisord.output().count("(exit status 0)") == 4
    assert not (folder / "var" / "supervisor.sock").exists()


def test_an_edit_starts_and_stops_only_the_readers_of_changed_channels(
    processes: StartProcess, folder: Path, twitch: BackgroundChatServer
) -> None:
    """Other readers keep their processes and connections; the publisher keeps running."""
    service = SupervisedService(processes, folder)
    before = service.wait_for_readers(["xqc", "shroud", "forsen"])
    wait_until_joined(twitch, "xqc", "shroud", "forsen")
    connections = joined(twitch, "xqc") + joined(twitch, "forsen")

    service.read("forsen, FORSEN\n# shroud\nxqc  # stays\nsummit1g\n")

    after = service.wait_for_readers(["xqc", "forsen", "summit1g"])
    wait_until_joined(twitch, "summit1g")
    for name in ("publisher", "reader-xqc", "reader-forsen"):
        assert after[name] == before[name]
    assert joined(twitch, "xqc") + joined(twitch, "forsen") == connections
    assert joined(twitch, "shroud") == []


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"xqc\nshr0ud\n# f\xfcr mich\n", "line 3: byte 0xfc is not valid UTF-8"),
        (b"", "channels.conf is empty"),
        (b"\r\n \n", "channels.conf is empty"),
        (b"xqc\nshr@ud\n", "line 2: 'shr@ud' is not a channel"),
    ],
)
def test_a_damaged_file_stops_no_reader(
    processes: StartProcess, folder: Path, content: bytes, error: str
) -> None:
    """It is not taken for a shorter list. The log and the exit status say what is wrong."""
    service = SupervisedService(processes, folder)
    before = service.wait_for_readers(["xqc", "shroud", "forsen"])
    (folder / "channels.conf").write_bytes(content)
    service.control("start", "channels")
    wait_for_line(service.supervisord, error, timeout_s=20)
    ended = rf"exited: channels \(exit status {exit_codes.SETTINGS}; not expected\)"
    wait_for_line(service.supervisord, ended, timeout_s=20)
    after = service.wait_for_readers(["xqc", "shroud", "forsen"])
    for channel in ("xqc", "shroud", "forsen"):
        assert after[f"reader-{channel}"] == before[f"reader-{channel}"]


def test_with_a_wrong_line_readers_are_added_until_it_is_corrected(
    processes: StartProcess, folder: Path
) -> None:
    """The wrong line may mean one of those that run. Once it is correct, all changes are made."""
    service = SupervisedService(processes, folder)
    before = service.wait_for_readers(["xqc", "shroud", "forsen"])
    service.read("xqc\nshr@ud\nsummit1g\n")
    after = service.wait_for_readers(["xqc", "shroud", "forsen", "summit1g"])
    assert after["reader-shroud"] == before["reader-shroud"]
    assert after["reader-forsen"] == before["reader-forsen"]
    assert "not named: forsen, shroud\n" in service.supervisord.output()
    service.read("xqc\nshroud\nsummit1g\n")
    last = service.wait_for_readers(["xqc", "shroud", "summit1g"])
    assert last["reader-shroud"] == before["reader-shroud"]
    assert last["reader-summit1g"] == after["reader-summit1g"]


def test_a_file_of_comments_stops_all_readers_but_not_the_publisher(
    processes: StartProcess, folder: Path
) -> None:
    """The publisher's process stays the same; the log says that there is no channel."""
    service = SupervisedService(processes, folder)
    before = service.wait_for_readers(["xqc", "shroud", "forsen"])
    service.read("# none\n")
    after = service.wait_for_readers([])
    assert after["publisher"] == before["publisher"]
    assert "no channel to read" in service.supervisord.output()


def test_a_dry_run_shows_what_would_change_and_changes_nothing(
    processes: StartProcess, folder: Path
) -> None:
    """It lists channels that would start, stop and stay. Every process keeps running."""
    service = SupervisedService(processes, folder)
    before = service.wait_for_readers(["xqc", "shroud", "forsen"])
    (folder / "channels.conf").write_text("xqc\nsummit1g\n")
    shown = service.dry_run()
    assert "would start: summit1g\n" in shown
    assert "would stop: forsen, shroud\n" in shown
    assert "would keep running: xqc\n" in shown
    assert service.programs() == before


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_reader_that_is_killed_or_stopped_by_a_signal_is_restarted(
    processes: StartProcess, folder: Path, number: signal.Signals
) -> None:
    """Only supervisord can stop a reader permanently."""
    service = SupervisedService(processes, folder)
    before = service.wait_for_readers(["xqc", "shroud", "forsen"])
    os.kill(before["reader-xqc"].pid, number)
    wait_for(lambda: service.programs()["reader-xqc"] != before["reader-xqc"], 10, "its exit")
    after = service.wait_for_readers(["xqc", "shroud", "forsen"])
    assert after["reader-xqc"].pid != before["reader-xqc"].pid
    assert after["reader-shroud"] == before["reader-shroud"]


def test_a_program_with_a_wrong_setting_is_not_restarted(
    processes: StartProcess, folder: Path
) -> None:
    """It logs the error once, and stays stopped."""
    with (folder / ".env").open("a") as settings:
        settings.write("KAFKA_TOPIC_PARTITIONS=many\n")
    service = SupervisedService(processes, folder)
    ended = rf"exited: publisher \(exit status {exit_codes.SETTINGS}; expected\)"
    wait_for_line(service.supervisord, ended, timeout_s=20)
    assert service.programs()["publisher"] == Program("EXITED", 0)
    assert service.supervisord.output().count("spawned: 'publisher'") == 1


def test_readers_of_an_earlier_configuration_are_replaced(
    processes: StartProcess, folder: Path
) -> None:
    """Readers with a changed program are restarted, readers of removed channels stopped."""
    programs = folder / "var" / "readers"
    write_reader_programs(programs, ["xqc", "summit1g"])
    earlier = programs / "reader-xqc.conf"
    earlier.write_text(earlier.read_text().replace("stopwaitsecs=15", "stopwaitsecs=14"))
    service = SupervisedService(processes, folder)
    wait_for_line(
        service.supervisord, "restarted, because their program changed: xqc$", timeout_s=60
    )
    service.wait_for_readers(["xqc", "shroud", "forsen"])


def test_a_killed_supervisord_can_be_replaced_without_extra_readers(
    processes: StartProcess, folder: Path, twitch: BackgroundChatServer
) -> None:
    """Its readers and publisher detect this and exit; those of the next one replace them."""
    first = SupervisedService(processes, folder)
    first.wait_for_readers(["xqc", "shroud", "forsen"])
    wait_until_joined(twitch, "xqc", "shroud", "forsen")
    old = set(joined(twitch, "xqc"))
    first.supervisord.send(signal.SIGKILL)
    first.supervisord.wait(10)
    second = SupervisedService(processes, folder)
    wait_for(
        lambda: joined(twitch, "xqc") and old.isdisjoint(joined(twitch, "xqc")),
        60,
        "the new reader to replace the old one",
    )
    second.wait_for_readers(["xqc", "shroud", "forsen"])
    wait_for(
        lambda: not [p for p in running_processes() if p.session == first.supervisord.pid],
        30,
        "all processes of the first supervisord to exit",
    )
    assert len(joined(twitch, "xqc")) == 1
