"""What nobody expects to fail, and what is logged of it."""

from __future__ import annotations

from tests.monitor.web.monitors import serving, start_monitor
from tests.processes import StartProcess, python_module, wait_for_line

_WITHIN_S = 20.0


def test_an_unexpected_error_does_not_end_the_monitor(processes: StartProcess) -> None:
    """It is logged as everything is, with where it happened, and the monitor goes on."""
    process = processes(python_module("tests.monitor.web.failing_monitor"))
    monitor = serving(process)
    wait_for_line(process, r"ERROR +monitor: unexpected error; going on", _WITHIN_S)
    wait_for_line(process, "ZeroDivisionError: made by a test", _WITHIN_S)
    assert monitor.get("/livez").status == 200
    assert monitor.status()["channels"] == []
    assert process.stop() == 0


def test_what_clients_do_wrong_is_logged_on_request(processes: StartProcess) -> None:
    """LOG_LEVEL=DEBUG tells it; otherwise, they could fill the log."""
    monitor = start_monitor(processes, {"LOG_LEVEL": "DEBUG"})
    assert monitor.send(b"GET\r\n\r\n").startswith(b"HTTP/1.1 400 ")
    wait_for_line(monitor.process, r"WARNING monitor: Invalid HTTP request", _WITHIN_S)
