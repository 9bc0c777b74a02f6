"""Does something as a user who is not root, or gives that user a file."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.requirements import unavailable

#: The ids of the user and of its group. It need not exist.
OTHER = 1234


def give_to_other_user(path: Path, group: int = OTHER) -> None:
    """Make user OTHER and *group* the owners of the file at *path*. Skips the test without root."""
    if os.geteuid() != 0:
        unavailable("only root can give a file to another user")
    os.chown(path, OTHER, group)


def as_other_user(work: Callable[[], object]) -> None:
    """
    Do *work* as user OTHER, in a process of its own.

    Raises AssertionError if it fails. Skips the test without root.
    """
    if os.geteuid() != 0:
        unavailable("only root can become another user")
    pid = os.fork()
    if pid == 0:
        try:
            os.setgroups([])
            os.setgid(OTHER)
            os.setuid(OTHER)
            work()
            os._exit(0)
        except BaseException:  # noqa: BLE001 - the child must not continue as the parent does
            traceback.print_exc()
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


@contextmanager
def ordinary_user(folder: Path) -> Iterator[None]:
    """Give *folder* to user OTHER, and be that user meanwhile, if we are root."""
    if os.geteuid() != 0:
        yield
        return
    for path in (folder, *folder.rglob("*")):
        os.chown(path, OTHER, OTHER, follow_symlinks=False)
    os.seteuid(OTHER)
    try:
        assert os.access(folder, os.R_OK, effective_ids=True)
        yield
    finally:
        os.seteuid(0)
