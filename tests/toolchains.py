"""Programs that fetch or build what tests and benchmarks need, and what it means not to have it."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path


class NoToolchainError(Exception):
    """Raised when such a program is not here, or could not do its work; the text says why."""


def require_toolchain(what: str, *programs: str) -> None:
    """Raise NoToolchainError where one of the *programs* that *what* needs is not on the PATH."""
    for program in programs:
        if shutil.which(program) is None:
            raise NoToolchainError(f"{what} needs {program}, which is not installed")


def run_toolchain(command: Sequence[str], *, within_s: float, folder: Path | None = None) -> None:
    """Run *command* in *folder*. Raises NoToolchainError when it fails, or is not done in time."""
    try:
        subprocess.run(
            command,
            cwd=folder,
            check=True,
            stdout=subprocess.PIPE,
            # Maven tells on the one what npm and cargo tell on the other.
            stderr=subprocess.STDOUT,
            text=True,
            timeout=within_s,
        )
    except subprocess.TimeoutExpired:
        raise NoToolchainError(f"{command[0]} was not done in {within_s:g} s") from None
    except subprocess.CalledProcessError as error:
        raise NoToolchainError(f"{command[0]} has failed:\n{error.stdout[-2000:]}") from None
