"""The Rust programs that the benchmarks measure this service beside, with what they need."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

FOLDER = Path(__file__).parent / "rust"

_BUILD_WITHIN_S = 300


class NoRustError(Exception):
    """Raised when there is no cargo here, or it could not build the program."""


def rust_program(name: str, *arguments: str) -> list[str]:
    """Return the command that runs *name* of benchmarks/rust, built. Raises NoRustError."""
    if shutil.which("cargo") is None:
        raise NoRustError("cargo is not installed")
    _build()
    return [str(FOLDER / "target" / "release" / name), *arguments]


def _build() -> None:
    try:
        subprocess.run(
            ["cargo", "build", "--release", "--quiet"],
            cwd=FOLDER,
            check=True,
            capture_output=True,
            text=True,
            timeout=_BUILD_WITHIN_S,
        )
    except subprocess.TimeoutExpired:
        raise NoRustError(f"cargo built nothing in {_BUILD_WITHIN_S} s") from None
    except subprocess.CalledProcessError as error:
        raise NoRustError(f"cargo could not build:\n{error.stderr[-2000:]}") from None
