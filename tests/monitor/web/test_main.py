"""The command `monitor`: how it starts, what it refuses, and how it stops."""

from __future__ import annotations

import os
import signal
import socket
import sys
from pathlib import Path

import pytest

from tests.monitor.web.monitors import EVERYWHERE, TOKEN, start_monitor
from tests.processes import StartProcess, python_module, wait_for, wait_for_line

_WITHIN_S = 30


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_on_a_signal(processes: StartProcess, number: signal.Signals) -> None:
    """And says so."""
    monitor = start_monitor(processes)
    assert monitor.process.stop(number, timeout_s=_WITHIN_S) == 0
    assert monitor.process.output().splitlines()[-1].endswith("monitor: stopped")


def test_it_stops_in_the_middle_of_a_request(processes: StartProcess) -> None:
    """That never becomes complete."""
    monitor = start_monitor(processes)
    with monitor.connect() as client:
        client.sendall(b"GET / HTTP/1.1\r\nHo")
        assert monitor.get("/livez").body
        assert monitor.process.stop(timeout_s=5) == 0
    assert "ERROR" not in monitor.process.output()


def test_it_starts_without_anything_to_show(processes: StartProcess, short_folder: Path) -> None:
    """STATE_DIR may not be there yet."""
    monitor = start_monitor(processes, {"STATE_DIR": "state/of/host"})
    assert monitor.status()["channels"] == []
    assert (short_folder / "state/of/host/status").stat().st_mode & 0o777 == 0o700


def test_others_find_its_port(processes: StartProcess, short_folder: Path) -> None:
    """In a file, also after another start."""
    for _ in range(2):
        monitor = start_monitor(processes)
        file = short_folder / "var/status/monitor.address"
        assert file.read_text() == f"{monitor.address}\n"
        monitor.process.stop()


def test_a_state_that_cannot_be_written_is_no_reason_to_stop(
    processes: StartProcess, short_folder: Path
) -> None:
    """The warning says what is missing then."""
    (short_folder / "var").write_text("a file")
    monitor = start_monitor(processes)
    assert monitor.get("/metrics").status == 200
    assert "WARNING monitor: cannot write var/status/monitor.address" in monitor.process.output()


@pytest.mark.parametrize(
    "host", ["[::]", "10.255.255.1", "monitor.example", *EVERYWHERE.split(":")[:1]]
)
def test_other_hosts_need_a_token(processes: StartProcess, host: str) -> None:
    """It does not start without one, and says which setting is missing."""
    process = processes(python_module("monitor"), {"MONITOR_BIND": f"{host}:0"})
    assert process.wait(_WITHIN_S) == 78
    [line] = process.output().splitlines()
    assert f"MONITOR_BIND holds '{host}:0'" in line
    assert "MONITOR_TOKEN" in line


def test_a_port_in_use_is_named(processes: StartProcess) -> None:
    """With the setting that names another, and the exit status of what a restart may mend."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        bind = f"127.0.0.1:{other.getsockname()[1]}"
        process = processes(python_module("monitor"), {"MONITOR_BIND": bind})
        assert process.wait(_WITHIN_S) == 1
    [line] = process.output().splitlines()
    assert f"cannot listen on {bind} (Address already in use): set MONITOR_BIND to" in line


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-host.invalid", "x" * 64])
def test_an_address_of_another_host_is_named(processes: StartProcess, host: str) -> None:
    """Or one that is of no host."""
    settings = {"MONITOR_BIND": f"{host}:9464", "MONITOR_TOKEN": TOKEN}
    process = processes(python_module("monitor"), settings)
    assert process.wait(_WITHIN_S) == 1
    [line] = process.output().splitlines()
    assert f"cannot listen on {host}:9464 (" in line
    assert TOKEN not in line


def test_it_listens_on_ipv6(processes: StartProcess) -> None:
    """`[::]` is all addresses, those of IPv4 too."""
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this host has no IPv6")
    monitor = start_monitor(processes, {"MONITOR_BIND": "[::]:0", "MONITOR_TOKEN": TOKEN})
    for host in ("::1", "127.0.0.1"):
        with socket.create_connection((host, monitor.address.port), timeout=_WITHIN_S) as client:
            client.sendall(b"GET /livez HTTP/1.0\r\n\r\n")
            assert client.recv(12).startswith(b"HTTP/1.1 ")


def test_it_ends_with_its_supervisord(processes: StartProcess) -> None:
    """The next supervisord starts another monitor, which needs the port."""
    start = (
        "import os, subprocess, sys; os.environ['SUPERVISORD_PID'] = str(os.getpid());"
        f"subprocess.run([{sys.executable!r}, '-m', 'monitor'])"
    )
    parent = processes([sys.executable, "-c", start], {"MONITOR_BIND": "127.0.0.1:0"})
    wait_for_line(parent, "monitor: serving", _WITHIN_S)
    os.kill(parent.pid, signal.SIGKILL)
    wait_for(lambda: "monitor: stopped" in parent.output(), _WITHIN_S, "the monitor to stop")
    assert "supervisord has ended" in parent.output()
