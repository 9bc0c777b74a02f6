"""A reader from the fork server behaves like one started alone, and shares memory with others."""

from __future__ import annotations

import re
import signal
from functools import partial
from pathlib import Path

from simulator.background import BackgroundChatServer
from tests.end_to_end.supervised_service import SupervisedService, prepare, wait_until_joined
from tests.process_table import children
from tests.processes import StartProcess, wait_for, wait_for_line

_WITHIN_S = 60


def heap(pid: int) -> str:
    """Return the address of the heap of process *pid*, which is random for each exec."""
    found = re.search(r"^([0-9a-f]+)-.*\[heap\]$", Path(f"/proc/{pid}/maps").read_text(), re.M)
    assert found
    return found[1]


def fork_server(service: SupervisedService) -> int:
    """Return the process id of the fork server."""
    [found] = [
        process.pid
        for process in children(service.supervisord.pid)
        if "-m readers.fork_server" in process.command()
    ]
    return found


def test_a_reader_shares_the_modules_that_the_fork_server_has_imported(
    processes: StartProcess, short_folder: Path, twitch: BackgroundChatServer
) -> None:
    """It is a fork of it, unlike the publisher, but a child of supervisord, with its own name."""
    prepare(short_folder, chat_port=twitch.port, channels="xqc\n")
    service = SupervisedService(processes, short_folder)
    programs = service.wait_for_readers(["xqc"])
    reader, publisher = programs["reader-xqc"].pid, programs["publisher"].pid
    server = fork_server(service)
    assert reader in [child.pid for child in children(service.supervisord.pid)]
    assert heap(reader) == heap(server)
    assert heap(publisher) != heap(server) != heap(service.supervisord.pid)
    command = Path(f"/proc/{reader}/cmdline").read_text().rstrip("\0")
    assert command == "python3 -m readers xqc"
    wait_until_joined(twitch, "xqc")
    # TasksMax of the systemd unit allows so many for each reader, and docs/upkeep.md names them.
    # The thread that waits for Twitch's rate limit may not have ended yet.
    tasks = Path(f"/proc/{reader}/task")
    wait_for(lambda: len(list(tasks.iterdir())) == 4, _WITHIN_S, "four threads")


def test_a_reader_exits_with_its_usual_status(
    processes: StartProcess, short_folder: Path, twitch: BackgroundChatServer
) -> None:
    """A wrong setting is logged, and the reader is not restarted."""
    prepare(short_folder, chat_port=twitch.port, channels="xqc\n")
    service = SupervisedService(processes, short_folder)
    service.wait_for_readers(["xqc"])
    with (short_folder / ".env").open("a") as settings:
        settings.write("OUTBOX_MAX_BYTES=much\n")
    assert "reader-xqc: ERROR (spawn error)" in service.control("restart", "reader-xqc")
    wait_for_line(service.supervisord, "OUTBOX_MAX_BYTES holds 'much'", _WITHIN_S)
    wait_for_line(service.supervisord, "reader-xqc ended with status 78: ", _WITHIN_S)


def test_a_reader_stops_cleanly(
    processes: StartProcess, short_folder: Path, twitch: BackgroundChatServer
) -> None:
    """With status 0, after `supervisorctl stop`."""
    prepare(short_folder, chat_port=twitch.port, channels="xqc\n")
    service = SupervisedService(processes, short_folder)
    service.wait_for_readers(["xqc"])
    assert "reader-xqc: stopped" in service.control("stop", "reader-xqc")
    wait_for_line(service.supervisord, "reader xqc: stopped after", _WITHIN_S)
    wait_for_line(service.supervisord, r"stopped: reader-xqc \(exit status 0\)", _WITHIN_S)


def test_a_reader_that_outlives_supervisord_exits_for_its_successor(
    processes: StartProcess, short_folder: Path, twitch: BackgroundChatServer
) -> None:
    """Nothing reads its log any more, but it exits as usual."""
    prepare(short_folder, chat_port=twitch.port, channels="xqc\n")
    # As operators run it: with buffered output.
    buffered = partial(processes, environment={"PYTHONUNBUFFERED": ""})
    service = SupervisedService(buffered, short_folder)
    reader = service.wait_for_readers(["xqc"])["reader-xqc"].pid
    # It exits once it has delivered its outbox to the publisher of the next supervisord.
    service.control("stop", "publisher")
    twitch.run(twitch.server.say("xqc", "held"))
    twitch.run(twitch.server.ping_and_wait("xqc"))
    service.supervisord.send(signal.SIGKILL)
    service.supervisord.wait(_WITHIN_S)
    successor = SupervisedService(buffered, short_folder)
    wait_for(lambda: not Path(f"/proc/{reader}").exists(), _WITHIN_S, "the old reader to end")
    assert successor.wait_for_readers(["xqc"])["reader-xqc"].pid != reader
