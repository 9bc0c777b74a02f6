"""A real supervisord does not know the programs that programs.conf leaves out."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.deploy.manifests import DEPLOY
from tests.processes import REPOSITORY, StartProcess, wait_for

_BIN = Path(sys.executable).parent


@pytest.fixture
def container(short_folder: Path) -> Path:
    """Return a folder with the configuration of /app in the image, and no channel to read."""
    for path in (REPOSITORY / "supervisord.conf", DEPLOY / "container" / "programs.conf"):
        shutil.copy(path, short_folder)
    (short_folder / "channels.conf").touch()
    (short_folder / "var").mkdir()
    return short_folder


def control(folder: Path, *arguments: str, **variables: str) -> list[str]:
    """Run supervisorctl, and return the lines that it prints."""
    command = [str(_BIN / "supervisorctl"), "-c", str(folder / "supervisord.conf"), *arguments]
    finished = subprocess.run(
        command,
        env={**os.environ, **variables},
        stdout=subprocess.PIPE,
        text=True,
        timeout=60,
        check=False,
    )
    return finished.stdout.splitlines()


def test_a_program_that_is_left_out_does_not_exist_and_cannot_be_started(
    processes: StartProcess, container: Path
) -> None:
    """Neither `start all` nor `start` with its name starts it."""
    roles = {"RUN_AUTH": "0", "RUN_PUBLISHER": "0"}
    supervisord = processes([str(_BIN / "supervisord"), "-c", "supervisord.conf"], roles)

    def programs() -> list[str]:
        return [line.split()[0] for line in control(container, "status", **roles)]

    pid = str(supervisord.pid)
    wait_for(lambda: control(container, "pid", **roles) == [pid], 60, "supervisord to respond")
    control(container, "start", "all", **roles)
    assert programs() == ["monitor"]
    started = control(container, "start", "publisher", **roles)
    assert started == ["publisher: ERROR (no such process)"]
    assert supervisord.stop(timeout_s=30) == 0


def test_the_programs_conf_of_a_new_folder_leaves_nothing_out() -> None:
    """It contains only comments."""
    lines = (REPOSITORY / "programs.conf.example").read_text().splitlines()
    assert [line for line in lines if line and not line.startswith(";")] == []
