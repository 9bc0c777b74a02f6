"""The systemd unit, as `systemd-analyze verify` sees it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.deploy.manifests import DEPLOY
from tests.processes import REPOSITORY
from tests.requirements import require_program

_CLONE = "/opt/twitch-ingestion-service"


def test_the_unit_is_valid_and_its_programs_exist(tmp_path: Path) -> None:
    """With this clone and its environment in place of the one in /opt."""
    require_program("systemd-analyze")
    unit = (DEPLOY / "systemd" / "twitch-ingestion.service").read_text()
    here = unit.replace(f"{_CLONE}/.venv", sys.prefix).replace(_CLONE, str(REPOSITORY))
    assert here.count(f"{sys.prefix}/bin/") == 2
    path = tmp_path / "twitch-ingestion.service"
    path.write_text(here)
    verified = subprocess.run(
        ["systemd-analyze", "verify", str(path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
    )
    assert (verified.returncode, verified.stdout) == (0, "")
