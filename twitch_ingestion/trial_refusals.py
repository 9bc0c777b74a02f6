"""Why a trial is not started: its path is too long, or the service runs or starts already."""

from __future__ import annotations

import http.client
import os
import shlex
import xmlrpc.client
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from common.command_line import program
from common.file_lock import file_lock
from common.settings import SettingsError
from readers.supervision.groups import connect
from twitch_ingestion.trial import CONFIGURATION, SOCKET, TrialError

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
        if number := _supervisord_of(folder):
            stop = [*program("supervisorctl"), "-c", str(folder / CONFIGURATION), "shutdown"]
            raise TrialError(
                f"Already running in {folder} (process {number}). To stop it: {shlex.join(stop)}"
            )


@contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Keep *folder* for this process; raises TrialError if another one has it, and OSError."""
    with ExitStack() as stack:
        try:
            stack.enter_context(file_lock(folder / "lock", within_s=0))
        except TimeoutError:
            raise TrialError(f"Already starting in {folder}.") from None
        yield


def _supervisord_of(folder: Path) -> int | None:
    path = folder / SOCKET
    if not path.is_socket():
        return None
    try:
        with connect(f"unix://{path}") as supervisord:
            procedures: Any = supervisord.supervisor
            number: int = procedures.getPID()
            return number
    except (OSError, http.client.HTTPException, xmlrpc.client.Error):
        return None
