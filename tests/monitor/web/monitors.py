"""Real monitor processes, and what they respond."""

from __future__ import annotations

import http.client
import json
import socket
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from common.web_address import WebAddress
from tests.monitor.status_pages import status_pages
from tests.processes import Process, StartProcess, python_module, started_processes, wait_for_line

#: All addresses of IPv4, and a free port.
EVERYWHERE = "0.0.0.0:0"

TOKEN = "a-password-for-tests-0123"

_WITHIN_S = 30.0


@dataclass(frozen=True)
class Response:
    """What a server responded. The names of headers are in lower case."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        """Return the first header *name*."""
        return dict(reversed(self.headers)).get(name)


@dataclass
class Monitor:
    """A monitor, and where it listens."""

    process: Process
    address: WebAddress
    #: Sent with each request.
    headers: dict[str, str] = field(default_factory=dict)

    def get(
        self, path: str, headers: Mapping[str, str] | None = None, method: str = "GET"
    ) -> Response:
        """Return the response to a request with *headers* over those of each request."""
        connection = http.client.HTTPConnection(
            self.address.host, self.address.port, timeout=_WITHIN_S
        )
        with closing(connection):
            connection.request(method, path, headers=self.headers | dict(headers or {}))
            response = connection.getresponse()
            found = [(name.lower(), value) for name, value in response.getheaders()]
            return Response(response.status, found, response.read())

    def status(self) -> dict[str, Any]:
        """Return the snapshot."""
        snapshot: dict[str, Any] = json.loads(self.get("/status.json").body)
        return snapshot

    def connect(self) -> socket.socket:
        """Return a connection for a request of any form. Its operations end after a while."""
        where = (self.address.host, self.address.port)
        return socket.create_connection(where, timeout=_WITHIN_S)

    def send(self, request: bytes) -> bytes:
        """Return all that comes after *request*, until the server ends the connection."""
        with self.connect() as connection:
            connection.sendall(request)
            with connection.makefile("rb") as response:
                return response.read()

    @contextmanager
    def events(self) -> Iterator[Iterator[tuple[str, Any]]]:
        """Yield the kinds and the data of the events of an open page."""
        connection = http.client.HTTPConnection(
            self.address.host, self.address.port, timeout=_WITHIN_S
        )
        with closing(connection):
            connection.request("GET", "/events", headers=self.headers)
            response = connection.getresponse()
            assert response.status == 200
            yield _events(response)


@contextmanager
def monitor_of(
    *channels: str, settings: Mapping[str, str] | None = None, folder: Path | None = None
) -> Iterator[Monitor]:
    """Yield a monitor with *settings* in *folder*, of a host whose readers are in *channels*."""
    with ExitStack() as stack:
        folder = folder or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        pages = stack.enter_context(status_pages(folder / "var"))
        for channel in channels:
            pages.reader(channel)
        yield start_monitor(stack.enter_context(started_processes(folder)), settings)


def start_monitor(processes: StartProcess, settings: Mapping[str, str] | None = None) -> Monitor:
    """Start a monitor with *settings* on a free port of loopback, and wait until it serves."""
    return serving(processes(python_module("monitor"), settings))


def serving(process: Process) -> Monitor:
    """Return the monitor *process* once it serves."""
    found = wait_for_line(process, r"at http://(\S+):(\d+)/", _WITHIN_S)
    return Monitor(process, WebAddress("127.0.0.1", int(found[2])))


def _events(response: http.client.HTTPResponse) -> Iterator[tuple[str, Any]]:
    kind = ""
    for line in response:
        name, _, value = line.decode().rstrip("\n").partition(": ")
        if name == "event":
            kind = value
        elif name == "data":
            yield kind, json.loads(value)


def private_kib(pid: int) -> int:
    """Return the memory that only the process *pid* uses."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_"))
