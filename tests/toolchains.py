"""Programs that download or build what tests and benchmarks need, and the error without them."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path


class NoToolchainError(Exception):
    """Raised when such a program is not installed or has failed. The text says why."""


def require_toolchain(what: str, *programs: str) -> None:
    """Raise NoToolchainError unless all *programs* that *what* needs are on the PATH."""
    for program in programs:
        if shutil.which(program) is None:
            raise NoToolchainError(f"{what} needs {program}, which is not installed")


def run_toolchain(command: Sequence[str], *, within_s: float, folder: Path | None = None) -> None:
    """Run *command* in *folder*. Raises NoToolchainError when it fails or takes too long."""
    try:
        subprocess.run(
            command,
            cwd=folder,
            check=True,
            stdout=subprocess.PIPE,
            # Maven writes its errors to stdout, npm and cargo write theirs to stderr.
            stderr=subprocess.STDOUT,
            text=True,
            timeout=within_s,
        )
    except subprocess.TimeoutExpired:
        raise NoToolchainError(f"{command[0]} did not finish within {within_s:g} s") from None
    except subprocess.CalledProcessError as error:
        raise NoToolchainError(f"{command[0]} has failed:\n{error.stdout[-2000:]}") from None
