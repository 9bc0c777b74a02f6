"""The commands that we print for people, as they have to be typed in this installation."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from pathlib import Path

#: The console script, in the folder of this Python.
SCRIPT = "twitch-ingestion"

#: The modules that the scripts run.
_MODULES = {
    SCRIPT: "twitch_ingestion",
    "supervisord": "supervisor.supervisord",
    "supervisorctl": "supervisor.supervisorctl",
}


def command(*arguments: str) -> str:
    """
    Return the shell command that runs `twitch-ingestion` with *arguments*.

    It is meant for the working directory of this process, whose settings it uses. The name alone
    is returned only where a shell finds it. *arguments* are quoted where necessary.
    """
    return shlex.join([*program(SCRIPT), *arguments])


def program(name: str) -> list[str]:
    """Return the words that run *name*: `twitch-ingestion`, `supervisord` or `supervisorctl`."""
    # Not resolved: the Python of a virtual environment is a link to another one.
    script = Path(sys.executable).with_name(name)
    if not script.exists():  # the code is not installed, or not where this Python is
        return [sys.executable, "-m", _MODULES[name]]
    if script.is_relative_to(Path.cwd()):
        return [str(script.relative_to(Path.cwd()))]
    return [name] if _is_on_path(script) else [str(script)]


def _is_on_path(script: Path) -> bool:
    # supervisord adds our folder to its PATH and that of its programs, not to that of the person.
    if "SUPERVISOR_ENABLED" in os.environ or "SUPERVISORD_PID" in os.environ:
        return False
    found = shutil.which(script.name)
    return found is not None and os.path.realpath(found) == os.path.realpath(script)
