"""
A machine of their own for some processes: a separate network, or separate mounts.

Both are Linux namespaces, which exist as long as a process in them. So the kernel removes their
contents, including firewall rules, however the test ends.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from tests.processes import Process, StartProcess, wait_for
from tests.requirements import require_program, unavailable

_COMMAND_TIMEOUT_S = 60
_START_WITHIN_S = 60

Direction = Literal["in", "out"]


class Machine:
    """Commands with `prefix` before them run on this machine."""

    def __init__(self, start: StartProcess, kind: Literal["net", "mount"]) -> None:
        """Create a new network, or private mounts. Skips the test if that is impossible."""
        require_program("unshare")
        if os.geteuid() != 0:
            unavailable("a machine of its own needs root")
        self._holder: Process = start(["unshare", f"--{kind}", "--", "sleep", "infinity"])
        self.prefix = ["nsenter", f"--target={self._holder.pid}", f"--{kind}", "--"]
        name = {"net": "net", "mount": "mnt"}[kind]
        ours = os.readlink(f"/proc/self/ns/{name}")
        theirs = f"/proc/{self._holder.pid}/ns/{name}"
        wait_for(lambda: os.readlink(theirs) != ours, _START_WITHIN_S, "a namespace")

    @property
    def pid(self) -> int:
        """The process that keeps the machine in existence."""
        return self._holder.pid

    def run(self, *command: str) -> str:
        """Run *command* on this machine and return its output. Raises CalledProcessError."""
        return _run([*self.prefix, *command])

    def path(self, path: Path) -> Path:
        """Return *path* of this machine as seen from outside."""
        return Path(f"/proc/{self.pid}/root{path}")


class Cable:
    """A network cable between a machine and this one."""

    def __init__(self, machine: Machine, name: str, number: int) -> None:
        """Add cable *number* to *machine*, as the interface *name* there."""
        self._machine = machine
        self._name = name
        # From the range for benchmarks (RFC 2544), 8 addresses per process.
        offset = machine.pid % (1 << 14) * 8 + number * 4
        network = f"198.{18 + (offset >> 16)}.{offset >> 8 & 255}"
        #: The address of this end.
        self.address = f"{network}.{(offset & 255) + 1}"
        here = f"{name}{machine.pid}"
        _run(
            [
                "ip",
                "link",
                "add",
                here,
                "type",
                "veth",
                "peer",
                "name",
                name,
                "netns",
                str(machine.pid),
            ]
        )
        _run(["ip", "address", "add", f"{self.address}/30", "dev", here])
        _run(["ip", "link", "set", "dev", here, "up"])
        machine.run("ip", "address", "add", f"{network}.{(offset & 255) + 2}/30", "dev", name)
        machine.run("ip", "link", "set", "dev", name, "up")

    @contextmanager
    def unplugged(self) -> Iterator[None]:
        """Take the interface down until the end of the block."""
        self._machine.run("ip", "link", "set", "dev", self._name, "down")
        try:
            yield
        finally:
            self._machine.run("ip", "link", "set", "dev", self._name, "up")

    @contextmanager
    def dropping(self, directions: Sequence[Direction]) -> Iterator[None]:
        """Drop packets into the machine, or out of it, until the end of the block."""
        rules = {
            "in": ["INPUT", "-i", self._name, "-j", "DROP"],
            "out": ["OUTPUT", "-o", self._name, "-j", "DROP"],
        }
        for direction in directions:
            self._machine.run("iptables", "-A", *rules[direction])
        try:
            yield
        finally:
            for direction in directions:
                self._machine.run("iptables", "-D", *rules[direction])

    def reset_connections(self) -> int:
        """End every TCP connection over the cable with a RST; return how many there were."""
        killed = self._machine.run("ss", "-H", "-K", "--tcp", "dst", self.address)
        return len(killed.splitlines())


def network_machine(start: StartProcess) -> Machine:
    """Return a machine whose network has only a loopback interface."""
    for program in ("ip", "iptables", "ss"):
        require_program(program)
    machine = Machine(start, "net")
    machine.run("ip", "link", "set", "dev", "lo", "up")
    return machine


def machine_with_small_disk(start: StartProcess, folder: Path, size_kib: int) -> Machine:
    """Return a machine on which *folder* is a separate disk of *size_kib*."""
    machine = Machine(start, "mount")
    folder.mkdir(mode=0o700, parents=True)
    machine.run("mount", "-t", "tmpfs", "-o", f"size={size_kib}k,mode=700", "tmpfs", str(folder))
    return machine


def _run(command: Sequence[str]) -> str:
    """Return the output of *command*. Raises RuntimeError if it fails."""
    program = shutil.which(command[0])
    result = subprocess.run(
        [program or command[0], *command[1:]],
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=_COMMAND_TIMEOUT_S,
    )
    if result.returncode:
        raise RuntimeError(f"{' '.join(command)} failed: {result.stdout}")
    return result.stdout
