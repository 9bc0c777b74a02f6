"""The Node scripts that the benchmarks measure this service beside, with what they need."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

FOLDER = Path(__file__).parent / "node"

_INSTALL_WITHIN_S = 120


class NoNodeError(Exception):
    """Raised when there is no Node.js here, or npm could not fetch the packages."""


def node_script(name: str, *arguments: str) -> list[str]:
    """Return the command that runs benchmarks/node/*name*, installed. Raises NoNodeError."""
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            raise NoNodeError(f"{program} is not installed")
    _install()
    return ["node", str(FOLDER / name), *arguments]


def _install() -> None:
    lock = (FOLDER / "package-lock.json").read_text()
    stamp = FOLDER / "node_modules" / "installed"
    if stamp.exists() and stamp.read_text() == lock:
        return
    try:
        subprocess.run(
            ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
            cwd=FOLDER,
            check=True,
            capture_output=True,
            text=True,
            timeout=_INSTALL_WITHIN_S,
        )
    except subprocess.TimeoutExpired:
        raise NoNodeError(f"npm fetched nothing in {_INSTALL_WITHIN_S} s") from None
    except subprocess.CalledProcessError as error:
        raise NoNodeError(f"npm could not install:\n{error.stderr[-2000:]}") from None
    stamp.write_text(lock)
