"""A supervisord with our extension, for small programs."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

from tests.processes import run_to_end

_BIN = Path(sys.executable).parent
SUPERVISORD = str(_BIN / "supervisord")

_CONFIGURATION = """
[supervisord]
nodaemon=true
logfile=/dev/null
logfile_maxbytes=0
nocleanup=true
pidfile=%(here)s/supervisord.pid

[unix_http_server]
file=%(here)s/supervisor.sock

[supervisorctl]
serverurl=unix://%(here)s/supervisor.sock

[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface

[rpcinterface:supervision]
supervisor.rpcinterface_factory=common.supervision:extend
"""

_PROGRAM = {
    "directory": "%(here)s",
    "startsecs": "0",
    "autorestart": "false",
    "stopwaitsecs": "5",
    "redirect_stderr": "true",
    "stdout_logfile": "NONE",
    "stdout_events_enabled": "true",
}


def program(name: str, command: str, **options: str) -> str:
    """Return the section of a program; *options* add to those of a program that runs once."""
    lines = {"command": command} | _PROGRAM | options
    return "\n".join([f"[program:{name}]", *(f"{key}={value}" for key, value in lines.items()), ""])


def shell(text: str) -> str:
    """Return the command that has a shell run *text*."""
    return shlex.join(["sh", "-c", text])


def configure(folder: Path, *sections: str) -> list[str]:
    """Write a configuration with *sections* to *folder*; return the command of supervisord."""
    path = folder / "supervisord.conf"
    path.write_text("\n".join([_CONFIGURATION, *sections]))
    return [SUPERVISORD, "-c", str(path)]


def control(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run supervisorctl with *arguments* on the supervisord of *folder*; return how it ended."""
    return run_to_end(
        [str(_BIN / "supervisorctl"), "-c", str(folder / "supervisord.conf"), *arguments],
        folder,
        30,
    )
