"""The image's health check, for a role whose only process is process 1 of its container."""

from __future__ import annotations

import os

import pytest

from tests.deploy.manifests import DEPLOY
from tests.processes import StartProcess, wait_for_line
from tests.requirements import require_program, unavailable

# Process 1 becomes the Python program. The health check begins when that program is ready.
_CONTAINER = """
(until [ -e ready ]; do sleep 0.1; done; {healthcheck}; echo "status $?") &
exec python3 -c 'import pathlib, signal, time; pathlib.Path("ready").touch(); {stay}'
"""


@pytest.mark.parametrize(
    ("stay", "status"),
    [("[time.sleep(2) for _ in range(15)]", 0), ("signal.pause()", 1)],
    ids=["waits and wakes", "hangs"],
)
def test_a_process_that_wakes_up_is_healthy_and_one_that_hangs_is_not(
    processes: StartProcess, stay: str, status: int
) -> None:
    """To container engines, the exit status 0 means healthy and 1 unhealthy."""
    require_program("unshare")
    if os.geteuid():
        unavailable("only root can make a process the first one of a namespace")
    script = _CONTAINER.format(healthcheck=DEPLOY / "container" / "healthcheck", stay=stay)
    namespace = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"]
    container = processes([*namespace, "sh", "-c", script])
    assert int(wait_for_line(container, r"^status (\d)$", timeout_s=25)[1]) == status
