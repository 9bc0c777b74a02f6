"""The image's health check, for a role whose only process is process 1 of its container."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.deploy.manifests import DEPLOY
from tests.processes import StartProcess, wait_for_line
from tests.requirements import require_program, unavailable

# Process 1 becomes the Python program. The health check begins when that program is ready.
_CONTAINER = """
(until [ -e ready ]; do sleep 0.1; done; {healthcheck}; echo "status $?") &
exec python3 -c '
import pathlib, signal
from unittest import mock
from common.status.auth_status import AuthStatus
from common.status.page import StatusPage
{program}
pathlib.Path("ready").touch()
signal.pause()
'
"""

_WRITE = 'page = StatusPage(pathlib.Path("var/status/auth"), AuthStatus); page.write(AuthStatus())'


def container(processes: StartProcess, program: str) -> str:
    """Run *program* as process 1; return the health check's status and what it printed."""
    require_program("unshare")
    if os.geteuid():
        unavailable("only root can make a process the first one of a namespace")
    healthcheck = DEPLOY / "container" / "healthcheck"
    script = _CONTAINER.format(healthcheck=healthcheck, program=program)
    namespace = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"]
    started = processes([*namespace, "sh", "-c", script])
    wait_for_line(started, r"^status \d$", timeout_s=60)
    return started.output()


def test_a_process_that_writes_its_page_is_healthy(processes: StartProcess) -> None:
    """To container engines, the exit status 0 means healthy."""
    assert container(processes, _WRITE) == "status 0\n"


@pytest.mark.parametrize("ago_s", [41, 100_000])
def test_a_process_that_hangs_is_not(processes: StartProcess, ago_s: int) -> None:
    """Its page was written last too long ago. The test's clock goes on, the program's is slow."""
    slow = f'with mock.patch("time.time", lambda now=__import__("time").time: now() - {ago_s}):'
    output = container(processes, f"{slow}\n    {_WRITE}")
    assert "process 1 has not written its status page for" in output
    assert output.endswith("status 1\n")


def test_a_process_without_a_page_is_not_restarted(
    processes: StartProcess, short_folder: Path
) -> None:
    """A full disk is no reason to lose what it holds in memory."""
    (short_folder / "var").write_text("no folder can be here")
    output = container(processes, _WRITE)
    assert "process 1 could not create its status page" in output
    assert output.endswith("status 0\n")
