"""Runs ngircd, an independent IRC server, to check the client's registration."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.ports import free_port
from tests.processes import Process, started_processes, wait_for_line

_START_TIMEOUT_S = 60

# See ngircd.conf(5). Names such as justinfan12345 are longer than its default of 9 characters.
_CONFIGURATION = """\
[Global]
Name = irc.test.example
AdminEMail = admin@test.example
Info = A server for tests
Listen = 127.0.0.1
Ports = {port}
MotdPhrase = Welcome
[Limits]
MaxNickLength = 25
[Options]
DNS = no
Ident = no
PAM = no
"""


@dataclass(frozen=True)
class Ngircd:
    """A running server, without TLS. The output of *process* is its log."""

    host: str
    port: int
    process: Process


@contextmanager
def running_ngircd(folder: Path) -> Iterator[Ngircd]:
    """Run ngircd on a free loopback port, with its files in *folder*."""
    port = free_port()
    configuration = folder / "ngircd.conf"
    configuration.write_text(_CONFIGURATION.format(port=port))
    with started_processes(folder) as start:
        process = start(["ngircd", "--nodaemon", "--config", str(configuration)])
        wait_for_line(process, r'Server "irc\.test\.example" .* ready', _START_TIMEOUT_S)
        yield Ngircd("127.0.0.1", port, process)
