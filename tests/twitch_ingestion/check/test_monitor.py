"""The check of the monitor: its port and password, and real monitors of this and other hosts."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from tests.monitor.web.monitors import TOKEN, monitor_of
from tests.ports import free_port
from tests.twitch_ingestion.check.conftest import Check


def test_a_free_port_is_fine(check: Check) -> None:
    """Before anything starts."""
    bind = f"127.0.0.1:{free_port()}"
    assert check(MONITOR_BIND=bind).texts("monitor", "ok") == [f"MONITOR_BIND {bind}: free"]


def test_a_port_that_is_taken_is_wrong(check: Check) -> None:
    """The process that has it is named."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        found = check(MONITOR_BIND=f"127.0.0.1:{listener.getsockname()[1]}")
    assert "which does not respond as a monitor" in found.text("monitor", "wrong")
    assert found.status == 78


def test_an_address_of_another_host_is_wrong(check: Check) -> None:
    """Expect what to do, and the reason."""
    found = check(MONITOR_BIND="192.0.2.1:9464", MONITOR_TOKEN=TOKEN)
    assert "(Cannot assign requested address)" in found.text("monitor", "wrong")


def test_without_a_password_other_hosts_may_not_look(check: Check) -> None:
    """As at the start of the monitor."""
    assert "set MONITOR_TOKEN" in check(MONITOR_BIND="0.0.0.0:0").text("monitor", "wrong")


def test_the_monitor_of_this_folder_may_run(check: Check, folder: Path) -> None:
    """That of another folder has taken its port."""
    with monitor_of(folder=folder) as own, monitor_of() as other:
        found = check(MONITOR_BIND=str(own.address)).text("monitor", "ok")
        assert "a monitor listens there already" in found
        found = check(MONITOR_BIND=str(other.address)).text("monitor", "wrong")
        assert f"the monitor of {Path(f'/proc/{other.process.pid}/cwd').readlink()}" in found


def test_a_monitor_with_another_password_is_wrong(check: Check, folder: Path) -> None:
    """It was changed after the start."""
    with monitor_of(folder=folder, settings={"MONITOR_TOKEN": TOKEN}) as own:
        bind = str(own.address)
        found = check(MONITOR_BIND=bind, MONITOR_TOKEN=f"{TOKEN}-new")
        assert "which refuses MONITOR_TOKEN" in found.text("monitor", "wrong")
        assert TOKEN not in found.output
        assert check(MONITOR_BIND=bind, MONITOR_TOKEN=TOKEN).text("monitor", "ok")


def test_peers_are_asked(check: Check) -> None:
    """One that does not respond is a warning: the service works without it."""
    nobody = f"127.0.0.1:{free_port()}"
    with monitor_of() as peer:
        found = check(MONITOR_PEERS=f"{nobody},{peer.address}")
    assert f"{nobody} cannot be reached" in found.text("monitor", "warning")
    responds = f"MONITOR_PEERS {peer.address}: the monitor of {socket.gethostname()} responds"
    assert responds in found.texts("monitor", "ok")


@pytest.mark.parametrize("bind", ["0.0.0.0:0", "127.0.0.1:0"])
def test_a_host_without_a_monitor_needs_no_port(check: Check, folder: Path, bind: str) -> None:
    """Nothing about it is wrong there."""
    (folder / "programs.conf").write_text("[program:monitor]\nnumprocs=0\n")
    assert "leaves out the monitor" in check(MONITOR_BIND=bind).text("monitor", "ok")
