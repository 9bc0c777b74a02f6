"""Copies what git tracks of this repository, as a clone or a release would have it."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from tests.processes import REPOSITORY


def copy_product(to: Path) -> Path:
    """Copy the tracked files, as they are now, to *to*, but no tests or benchmarks; return *to*."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        if name.startswith(("tests/", "benchmarks/")) or not os.path.lexists(REPOSITORY / name):
            continue
        (to / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(REPOSITORY / name, to / name, follow_symlinks=False)
    return to
