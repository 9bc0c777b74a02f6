"""
Two machines with a cable between them, set up from deploy/ as an operator does it. Readers run on
one, the publisher on the other.
"""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from common.chat_message import ChatMessage, decode_chat_message
from tests.end_to_end.supervised_service import SupervisedService
from tests.faults.machine import Machine, network_machine
from tests.processes import (
    REPOSITORY,
    Process,
    StartProcess,
    base_environment,
    python_module,
    started_processes,
)

_COMMAND_TIMEOUT_S = 30
_CABLE = "cable"

#: From the range for documentation (RFC 5737): only these two machines have routes to them.
READERS_ADDRESS = "192.0.2.1"
PUBLISHER_ADDRESS = "192.0.2.2"


class Host:
    """A machine, and the service's folder on it."""

    def __init__(self, role: str, folder: Path, start: StartProcess) -> None:
        """Fill *folder* from deploy/*role*."""
        self.machine: Machine = network_machine(start)
        self.folder = folder
        self._start = start
        deploy = REPOSITORY / "deploy" / role
        shutil.copy(REPOSITORY / "supervisord.conf", folder)
        shutil.copy(deploy / "programs.conf", folder)
        shutil.copy(deploy / ".env.example", folder / ".env")
        (folder / "var").mkdir()
        (folder / "channels.conf").write_text("")

    def set(self, settings: Mapping[str, str]) -> None:
        """Write *settings* to `.env`; they replace settings with the same names."""
        path = self.folder / ".env"
        text = path.read_text()
        for name, value in settings.items():
            text = re.sub(rf"^{name}=.*\n", "", text, flags=re.MULTILINE) + f"{name}={value}\n"
        path.write_text(text)

    def python(self, module: str, *arguments: str) -> str:
        """Run `python -m module arguments` on this host, and return its stdout."""
        return self.run(*python_module(module, *arguments))

    def run(self, *command: str) -> str:
        """Run *command* on this host, and return its stdout."""
        finished = subprocess.run(
            [*self.machine.prefix, *command],
            cwd=self.folder,
            env=base_environment(),
            stdout=subprocess.PIPE,
            text=True,
            timeout=_COMMAND_TIMEOUT_S,
            check=True,
        )
        return finished.stdout

    def start(self, *command: str) -> Process:
        """Start *command* on this host."""
        return self._start([*self.machine.prefix, *command])

    def supervise(self) -> SupervisedService:
        """Start supervisord on this host."""
        return SupervisedService(lambda arguments, _=None: self.start(*arguments), self.folder)


class TwoHosts:
    """Both hosts, connected by a cable. Nothing runs yet."""

    def __init__(self, readers: Host, publisher: Host) -> None:
        self.readers = readers
        self.publisher = publisher
        pids = (str(readers.machine.pid), str(publisher.machine.pid))
        readers.machine.run(
            *f"ip link add {_CABLE} type veth peer name {_CABLE} netns {pids[1]}".split()
        )
        for host, address in ((readers, READERS_ADDRESS), (publisher, PUBLISHER_ADDRESS)):
            host.machine.run("ip", "address", "add", f"{address}/30", "dev", _CABLE)
            host.machine.run("ip", "link", "set", "dev", _CABLE, "up")

    @contextmanager
    def unplugged(self) -> Iterator[None]:
        """Unplug the cable until the end of the block."""
        for machine in (self.readers.machine, self.publisher.machine):
            machine.run("ip", "link", "set", "dev", _CABLE, "down")
        try:
            yield
        finally:
            for machine in (self.readers.machine, self.publisher.machine):
                machine.run("ip", "link", "set", "dev", _CABLE, "up")

    def exchange_keys(self) -> None:
        """Do what docs/hosts.md says: three commands and a line in `.env`."""
        name, key = self.publisher.python("common.keys", "publisher").strip().split("=")
        self.readers.set({name: key})
        # Pasted on the other host, which has the same installation.
        self.publisher.run(*shlex.split(self.readers.python("common.keys", "readers")))


@contextmanager
def two_hosts(folder: Path) -> Iterator[TwoHosts]:
    """Set both hosts up in folders of *folder*. Skips the test if that is impossible."""
    readers, publisher = folder / "readers", folder / "publisher"
    readers.mkdir()
    publisher.mkdir()
    with started_processes(readers) as one, started_processes(publisher) as other:
        yield TwoHosts(Host("readers-host", readers, one), Host("publisher-host", publisher, other))


def messages_in(output: str) -> list[ChatMessage]:
    """Return the messages in the output of `tail --json`, from whole lines only."""
    lines = output.splitlines(keepends=True)
    return [
        decode_chat_message(line.encode())
        for line in lines
        if line.endswith("\n") and line.startswith("{") and "channel_id" in json.loads(line)
    ]
