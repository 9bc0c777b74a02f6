"""Commands that findings advise, as they can be typed anywhere on this host."""

from __future__ import annotations

import shlex
from pathlib import Path

from common import command_line


def command(*arguments: str) -> str:
    """Return the shell command that runs `twitch-ingestion` for this installation."""
    # A page is read elsewhere, and a trial has a folder that nobody looks for.
    return _here(command_line.command(*arguments))


def starts(program: str) -> str:
    """Return the shell command with which supervisord starts *program*."""
    words = [*command_line.program("supervisorctl"), "-c", "supervisord.conf", "start", program]
    return _here(shlex.join(words))


def _here(words: str) -> str:
    return f"cd {shlex.quote(str(Path.cwd()))} && {words}"
