"""Warns when `.env` holds a secret that other users of the host can read."""

from __future__ import annotations

import os
import shlex
import stat
from pathlib import Path

from common.setting_names import holds_password
from common.setting_table import variables
from common.settings_file import SettingsFile


def exposed_secrets(file: SettingsFile, directory: Path = Path()) -> str:
    """
    Return a warning if others can read secrets in *file*, the `.env` of *directory*, else "".

    It has the command that mends it.
    """
    secret = {variable.metadata["name"] for variable in variables() if variable.metadata["secret"]}
    found = sorted(name for name in file.values if name in secret or holds_password(name))
    path = directory / ".env"
    try:
        status = path.stat()
    except FileNotFoundError:
        return ""
    if not found or not _is_readable_by_others(status):
        return ""
    command = _command(status, shlex.quote(str(path)))
    return (
        f"{path.absolute()} holds {', '.join(found)}, but other users can read it: run"
        f" `{command}`; if others may have read it, replace what it holds"
    )


def _is_readable_by_others(status: os.stat_result) -> bool:
    if status.st_mode & stat.S_IROTH:
        return True
    # With another owner or group, it is the group by which this or another process of ours reads.
    return _is_ours_alone(status) and bool(status.st_mode & stat.S_IRGRP)


def _is_ours_alone(status: os.stat_result) -> bool:
    return (status.st_uid, status.st_gid) == (os.geteuid(), os.getegid())


def _command(status: os.stat_result, path: str) -> str:
    """Return the command that takes access away from others, but not from this process."""
    if _is_ours_alone(status):
        return f"chmod 600 {path}"
    if status.st_uid == os.geteuid() or status.st_gid in {os.getegid(), *os.getgroups()}:
        return f"chmod 640 {path}"
    return f"chgrp {os.getegid()} {path} && chmod 640 {path}"
