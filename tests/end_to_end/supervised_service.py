"""The whole service under a real supervisord, in its own folder, as an operator runs it."""

from __future__ import annotations

import shutil
import subprocess
import sys
import xmlrpc.client
from collections.abc import Callable, Collection
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any, TypeVar

from common.supervisor_client import connect
from simulator.background import BackgroundChatServer
from tests.processes import REPOSITORY, Process, StartProcess, base_environment, wait_for

_BIN = Path(sys.executable).parent

_T = TypeVar("_T")

#: Settings for a Twitch at *port* of this machine; all other addresses are in the folder.
SETTINGS = """
TWITCH_IRC_HOST=127.0.0.1
TWITCH_IRC_PORT={port}
TWITCH_IRC_TLS=false
KAFKA_BROKERS=embedded
PUBLISHER_BIND=ipc://var/batches
PUBLISHER_ENDPOINT=ipc://var/batches
PUBLISHER_ACK_BIND=ipc://var/acknowledgements
PUBLISHER_ACK_ENDPOINT=ipc://var/acknowledgements
"""


@dataclass(frozen=True)
class Program:
    """The state of a program, from supervisord."""

    state: str
    #: 0 if the program does not run.
    pid: int


class SupervisedService:
    """A supervisord with our supervisord.conf, started in *folder*."""

    def __init__(self, start: StartProcess, folder: Path) -> None:
        self.folder = folder
        self.supervisord: Process = start([str(_BIN / "supervisord"), "-c", "supervisord.conf"])

    def control(self, *arguments: str) -> str:
        """Run `supervisorctl` with *arguments*; return its output."""
        return self.run(str(_BIN / "supervisorctl"), "-c", "supervisord.conf", *arguments).stdout

    def dry_run(self) -> str:
        """Run `channels apply --dry-run`; return its output."""
        return self.channels("apply", "--dry-run").stdout

    def channels(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run `twitch-ingestion channels` with *arguments*; its stdout has its stderr, too."""
        return self.run(sys.executable, "-m", "twitch_ingestion", "channels", *arguments)

    def programs(self) -> dict[str, Program]:
        """
        Return the programs by name; none while supervisord does not respond.

        A program that has not run for startsecs yet counts as RUNNING, not STARTING: when
        supervisord changes that depends on how long the test takes.
        """
        # The API that supervisorctl uses. Starting supervisorctl costs 0.25 s of processor time.
        socket = f"unix://{self.folder / 'var' / 'supervisor.sock'}"
        try:
            with connect(socket, within_s=30) as supervisord:
                processes: Any = supervisord.supervisor.getAllProcessInfo()
        except (OSError, HTTPException, xmlrpc.client.Error):
            return {}
        found = {}
        for process in processes:
            state = process["statename"]
            state = "RUNNING" if state == "STARTING" else state
            found[process["name"]] = Program(state, process["pid"])
        return found

    def pages(self) -> set[str]:
        """Return the names of the status pages."""
        return {path.name for path in (self.folder / "var" / "status").iterdir()}

    def monitor_address(self) -> str:
        """Return HOST:PORT of the monitor, once it listens there."""
        file = self.folder / "var" / "status" / "monitor.address"

        def written() -> str:
            return file.read_text().strip() if file.exists() else ""

        return self._wait_for(written, "the monitor")

    def read(self, channels: str) -> subprocess.CompletedProcess[str]:
        """Write *channels* to channels.conf, and apply it; return what the command did."""
        (self.folder / "channels.conf").write_text(channels)
        return self.channels("apply")

    def wait_for_readers(self, channels: Collection[str]) -> dict[str, Program]:
        """
        Return all programs once only those of a host and the readers of *channels* run.

        supervisord reports a program as running from the fork on, but it only obeys signals, and
        has its name, once it has started itself.
        """
        wanted = {"auth", "monitor", "publisher", *(f"reader-{channel}" for channel in channels)}

        def settled() -> dict[str, Program] | None:
            programs = self.programs()
            running = {name for name, program in programs.items() if program.pid}
            if running != wanted or programs.keys() != wanted:
                return None
            lines = {f"reader-{channel}": f"reader {channel}: started" for channel in channels}
            lines |= {"publisher": "publisher: started", "monitor": "monitor: serving"}
            have_started = (
                self._has_started(program, line, programs[program].pid)
                for program, line in lines.items()
            )
            return programs if all(have_started) else None

        return self._wait_for(settled, f"only the readers of {sorted(channels)}")

    def _wait_for(self, condition: Callable[[], _T | None], what: str) -> _T:
        """Return the first true result of *condition*. Raises TimeoutError with the output."""
        try:
            return wait_for(condition, 60, what)
        except TimeoutError as error:
            error.add_note(self.supervisord.tail())
            raise

    def _has_started(self, program: str, line: str, pid: int) -> bool:
        output = self.supervisord.output()
        since = output.rpartition(f"spawned: '{program}' with pid {pid}")[2]
        return line in since

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run *command* in the folder; its stdout has its stderr, too."""
        return subprocess.run(
            command,
            cwd=self.folder,
            env=base_environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
            check=False,
        )


def prepare(folder: Path, *, chat_port: int, channels: str) -> None:
    """Copy the files that supervisord needs to *folder*; write `.env` and channels.conf."""
    shutil.copy(REPOSITORY / "supervisord.conf", folder)
    shutil.copy(REPOSITORY / "programs.conf.example", folder / "programs.conf")
    (folder / "var").mkdir()
    shutil.copy(REPOSITORY / "var" / ".gitkeep", folder / "var")
    (folder / ".env").write_text(SETTINGS.format(port=chat_port))
    (folder / "channels.conf").write_text(channels)


def wait_until_joined(twitch: BackgroundChatServer, *channels: str) -> None:
    """Return once a reader is in each of *channels*."""
    for channel in channels:
        twitch.run(twitch.server.wait_for_join(channel, timeout_s=30))


def connections(twitch: BackgroundChatServer, *channels: str) -> list[int]:
    """Return the numbers of the connections in *channels* now, counted from the first of all."""
    server = twitch.server
    return [
        server.history.index(session) for channel in channels for session in server.members(channel)
    ]
