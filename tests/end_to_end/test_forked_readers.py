"""A reader from the fork server behaves like one started alone, and shares memory with others."""

from __future__ import annotations

import os
import re
import signal
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from simulator.background import BackgroundChatServer
from tests.end_to_end.supervised_service import SupervisedService, prepare, wait_until_joined
from tests.process_table import children, running_processes
from tests.processes import StartProcess, base_environment, wait_for, wait_for_line

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


@pytest.fixture
def service(
    processes: StartProcess, short_folder: Path, twitch: BackgroundChatServer
) -> SupervisedService:
    """Return a service whose only reader, of xqc, runs."""
    prepare(short_folder, chat_port=twitch.port, channels="xqc\n")
    service = SupervisedService(processes, short_folder)
    service.wait_for_readers(["xqc"])
    return service


def test_a_reader_shares_the_modules_that_the_fork_server_has_imported(
    service: SupervisedService, twitch: BackgroundChatServer
) -> None:
    """It is a fork of it, unlike the publisher, but a child of supervisord, with its own name."""
    programs = service.programs()
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


def test_a_reader_exits_with_its_usual_status(service: SupervisedService) -> None:
    """A wrong setting is logged, and the reader is not restarted."""
    with (service.folder / ".env").open("a") as settings:
        settings.write("OUTBOX_MAX_BYTES=much\n")
    assert "reader-xqc: ERROR (spawn error)" in service.control("restart", "reader-xqc")
    wait_for_line(service.supervisord, "OUTBOX_MAX_BYTES holds 'much'", _WITHIN_S)
    wait_for_line(service.supervisord, "reader-xqc ended with status 78: ", _WITHIN_S)


def test_a_reader_stops_cleanly(service: SupervisedService) -> None:
    """With status 0, after `supervisorctl stop`."""
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


#: Two readers that are the same except that the second one is not of the form that is forked.
_FORKED_AND_EXECUTED = """
[program:reader-xqc]
command=python3 -m readers xqc
directory=%(here)s
umask=027
environment=LOG_FORMAT=json
redirect_stderr=true
stdout_logfile=NONE
stdout_events_enabled=true

[program:reader-shroud]
command=env python3 -m readers shroud
directory=%(here)s
umask=027
environment=LOG_FORMAT=json
redirect_stderr=true
stdout_logfile=NONE
stdout_events_enabled=true
"""

#: Python runs it at each start. The fork server cannot start.
_NO_FORK_SERVER = """
import sys
if "readers.fork_server" in sys.orig_argv:
    sys.exit("no fork server today")
"""

#: The fork server waits for a file of this name.
_SLOW_FORK_SERVER = """
import os, sys, time
while "readers.fork_server" in sys.orig_argv and not os.path.exists("go"):
    time.sleep(0.01)
"""


def surroundings(pid: int) -> dict[str, object]:
    """Return what process *pid* has got from supervisord, or set itself."""
    process = Path("/proc") / str(pid)
    status = (process / "status").read_text()
    signals = re.findall(r"^Sig(Blk|Ign|Cgt):\s+(\S+)$", status, re.M)
    return {
        # Without 32 and 33, which the C library uses itself (nptl(7)).
        **{kind: int(mask, 16) & ~(0b11 << 31) for kind, mask in signals},
        "umask": re.findall(r"^Umask:\s+(\S+)$", status, re.M),
        "directory": (process / "cwd").readlink(),
        "session": os.getsid(pid),
        "leads its group": os.getpgid(pid) == pid,
        # Without inode numbers and the channel's name; and without libffi's own file, which it may
        # keep open in a process that has imported ctypes, as the fork server has.
        "descriptors": sorted(
            (path.name if int(path.name) <= 2 else "", re.sub(r"\d+|xqc|shroud", "", target))
            for path in (process / "fd").iterdir()
            if "/libffi.so" not in (target := str(path.readlink()))
        ),
    }


def test_a_forked_reader_has_what_an_executed_one_has(
    processes: StartProcess, short_folder: Path, twitch: BackgroundChatServer
) -> None:
    """Environment, directory, umask, signals, and no descriptor of the fork server."""
    prepare(short_folder, chat_port=twitch.port, channels="")
    (short_folder / "programs.conf").write_text(_FORKED_AND_EXECUTED)
    service = SupervisedService(processes, short_folder)
    wait_until_joined(twitch, "xqc", "shroud")
    for channel in ("xqc", "shroud"):
        joined = f'"channel":"{channel}","message":"in the channel'
        wait_for_line(service.supervisord, joined, _WITHIN_S)
    programs = service.programs()
    forked, executed = programs["reader-xqc"].pid, programs["reader-shroud"].pid
    assert heap(forked) == heap(fork_server(service)) != heap(executed)
    # They may still connect to the publisher, or wait for Twitch's rate limit in a thread.
    with suppress(TimeoutError):
        wait_for(lambda: surroundings(forked) == surroundings(executed), _WITHIN_S, "the same")
    assert surroundings(forked) == surroundings(executed)


def test_readers_go_on_without_the_fork_server_and_start_with_the_next(
    processes: StartProcess, short_folder: Path, twitch: BackgroundChatServer
) -> None:
    """It was killed. supervisord does not mistake it for a program."""
    prepare(short_folder, chat_port=twitch.port, channels="xqc\nshroud\n")
    service = SupervisedService(processes, short_folder)
    before = service.wait_for_readers(["xqc", "shroud"])
    killed = fork_server(service)
    os.kill(killed, signal.SIGKILL)
    wait_for_line(service.supervisord, r"WARNING supervisord: the fork server has ended", _WITHIN_S)
    os.kill(before["reader-xqc"].pid, signal.SIGKILL)
    wait_for(lambda: service.programs()["reader-xqc"] != before["reader-xqc"], _WITHIN_S, "its end")
    after = service.wait_for_readers(["xqc", "shroud"])
    assert after["reader-shroud"] == before["reader-shroud"]
    assert heap(after["reader-xqc"].pid) == heap(fork_server(service))
    assert "reaped unknown pid" not in service.supervisord.output()


def test_ctrl_c_ends_everything(service: SupervisedService) -> None:
    """The terminal sends SIGINT to supervisord's process group, and the readers stop in order."""
    os.killpg(service.supervisord.pid, signal.SIGINT)
    assert service.supervisord.wait(_WITHIN_S) == 0
    assert [p for p in running_processes() if p.session == service.supervisord.pid] == []
    assert "stopped: reader-xqc (exit status 0)" in service.supervisord.output()
    assert "Traceback" not in service.supervisord.output()


def start_with(
    code: str, processes: StartProcess, folder: Path, twitch: BackgroundChatServer
) -> SupervisedService:
    """Start a service with two channels, in which Python runs *code* at each start."""
    prepare(folder, chat_port=twitch.port, channels="xqc\nshroud\n")
    (folder / "sitecustomize.py").write_text(code)
    path = os.pathsep.join([str(folder), base_environment()["PYTHONPATH"]])
    return SupervisedService(partial(processes, environment={"PYTHONPATH": path}), folder)


def test_supervisord_does_all_else_until_the_fork_server_is_ready(
    processes: StartProcess, short_folder: Path, twitch: BackgroundChatServer
) -> None:
    """It starts the other programs and answers, and the readers share memory in the end."""
    service = start_with(_SLOW_FORK_SERVER, processes, short_folder, twitch)
    wait_for_line(service.supervisord, "publisher: started", _WITHIN_S)
    assert re.search("reader-xqc +STOPPED +Not started", service.control("status"))
    (short_folder / "go").touch()
    programs = service.wait_for_readers(["xqc", "shroud"])
    shared = heap(fork_server(service))
    assert [heap(programs[f"reader-{channel}"].pid) for channel in ("xqc", "shroud")] == [
        shared
    ] * 2
    assert "WARNING" not in service.supervisord.output()


def test_readers_start_where_no_fork_server_does(
    processes: StartProcess, short_folder: Path, twitch: BackgroundChatServer
) -> None:
    """As any other program, and supervisord says once why."""
    service = start_with(_NO_FORK_SERVER, processes, short_folder, twitch)
    service.wait_for_readers(["xqc", "shroud"])
    why = "WARNING supervisord: readers start without the fork server and share no memory: "
    assert service.supervisord.output().count(why) == 1
    assert "reaped unknown pid" not in service.supervisord.output()
