"""Why a trial is not started: its path is too long, or the service runs or starts already."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable
from pathlib import Path

from common.command_line import program
from common.settings import SettingsError
from common.supervisor_client import SOCKET
from twitch_ingestion.packaged_files import SUPERVISORD
from twitch_ingestion.trial import TrialError, ask_supervisord

#: supervisord first creates its socket under a name with its process id.
_LONGEST_NUMBER = ".4194304"
#: `sun_path` in unix(7), without the closing NUL.
_LONGEST_SOCKET_PATH = 107


def refuse_long_path(folder: Path) -> None:
    """Raise SettingsError if the path of supervisord's socket in *folder* would be too long."""
    here = Path.cwd()
    longest = os.fsencode(here / folder / SOCKET) + _LONGEST_NUMBER.encode()
    beyond = len(longest) - _LONGEST_SOCKET_PATH
    if beyond > 0:
        raise SettingsError(
            f"The path {here} is {beyond} bytes too long for the Unix sockets in it: move it."
        )


def refuse_if_running(folders: Iterable[Path]) -> None:
    """Raise TrialError if a supervisord of ours runs in one of *folders*."""
    for folder in folders:
        if number := ask_supervisord(folder, "getPID"):
            stop = [*program("supervisorctl"), "-c", str(folder / SUPERVISORD), "shutdown"]
            raise TrialError(
                f"Already running in {folder} (process {number}). To stop it: {shlex.join(stop)}"
            )
