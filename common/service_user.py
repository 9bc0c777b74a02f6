"""
Keeps root from leaving files that the service cannot read.

The service runs as the user whom STATE_DIR belongs to. A key, a login or an outbox that root
creates there belongs to root, and the next start of the service ends with exit code 78. So commands
for a person refuse to run as root in such a folder, and name the command to run instead.
"""

from __future__ import annotations

import os
import pwd
import shlex
import sys
from collections.abc import Iterable
from pathlib import Path

from common import exit_codes
from common.command_line import SCRIPT, program


def refuse_as_root(name: str, paths: Iterable[Path]) -> None:
    """
    End with exit_codes.SETTINGS if this is root, and one of *paths* belongs to another user.

    *name* is that of our subcommand, such as `keys` or `channels apply`. Paths that do not exist do
    not count.
    """
    found = other_owner(paths)
    if found is None:
        return
    path, user = found
    subcommand = name.split(maxsplit=1)[0]
    sys.stderr.write(
        f"{subcommand}: {path} belongs to {user}, and the service could not read what root leaves"
        f" there. Run this as {user}:\n  {command_as(user, name)}\n"
    )
    raise SystemExit(exit_codes.SETTINGS)


def other_owner(paths: Iterable[Path]) -> tuple[Path, str] | None:
    """Return the first of *paths* that another user than root owns, and who; None if not root."""
    if os.geteuid() != 0:
        return None
    for path in paths:
        try:
            owner = path.stat().st_uid
        except OSError:
            continue
        if owner != 0:
            return path, _name(owner)
    return None


def command_as(user: str, name: str) -> str:
    """Return the shell command that runs the command line of this process, *name* …, as *user*."""
    words = sys.argv[1:]
    if words[:1] != name.split()[:1]:  # run with `python -m`, and so without our subcommand
        words = [*name.split(), *words]
    run = program(SCRIPT)
    if run == [SCRIPT]:  # sudo has a PATH of its own
        run = [str(Path(sys.executable).with_name(SCRIPT))]
    return shlex.join(["sudo", "-u", user, *run, *words])


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"#{uid}"  # as sudo takes it
