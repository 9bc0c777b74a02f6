"""The Node scripts that the benchmarks compare this service with. Installs their packages."""

from __future__ import annotations

import subprocess
from pathlib import Path

from common.file_lock import file_lock
from tests.toolchains import require_toolchain, run_toolchain

FOLDER = Path(__file__).parent / "node"

_INSTALL_WITHIN_S = 120


def node_script(name: str, *arguments: str) -> list[str]:
    """Install benchmarks/node; return the command that runs *name*. Raises NoToolchainError."""
    require_toolchain("a Node script", "node", "npm")
    _install()
    return ["node", str(FOLDER / name), *arguments]


def node_version() -> str:
    """Return Node's version, such as `20.20.2`."""
    command = ["node", "--version"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip(" v\n")


def _install() -> None:
    lock = (FOLDER / "package-lock.json").read_text()
    stamp = FOLDER / "node_modules" / "installed"
    # Another process may be installing: it takes no longer than this one would.
    with file_lock(FOLDER / "node_modules.lock", within_s=_INSTALL_WITHIN_S):
        if stamp.exists() and stamp.read_text() == lock:
            return
        command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        run_toolchain(command, within_s=_INSTALL_WITHIN_S, folder=FOLDER)
        stamp.write_text(lock)
