"""
Detects that the supervisord that started this process has ended.

If supervisord is killed with SIGKILL, its programs go on, and the next supervisord starts them a
second time. supervisord may be killed right after it has started a program: the parent that the
program finds is another one by then. So supervisord tells its programs its process id
(common/supervision.py).
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable

#: The variable with supervisord's process id, in the environment of its programs. A supervisord
#: without our extension does not set it, and is not watched.
SUPERVISORD_PID = "SUPERVISORD_PID"

#: Seconds between two checks on a system without pidfds.
_CHECK_EVERY_S = 5.0


def is_supervised() -> bool:
    """Return whether supervisord started this process."""
    return SUPERVISORD_PID in os.environ


def supervisor_has_gone() -> bool:
    """Return whether supervisord started this process and has ended since."""
    # Its programs are its children, also those that the fork server has forked.
    return is_supervised() and os.getppid() != _supervisord()


def _supervisord() -> int:
    return int(os.environ[SUPERVISORD_PID])


def call_when_supervisor_has_gone(callback: Callable[[], object]) -> None:
    """Make the running loop call *callback* once supervisord ends, without waking up before."""
    if not is_supervised():
        return
    loop = asyncio.get_running_loop()

    def check() -> None:
        if supervisor_has_gone():
            callback()
        else:
            loop.call_later(_CHECK_EVERY_S, check)

    def on_exit() -> None:
        loop.remove_reader(descriptor)  # does nothing if it has not been added
        os.close(descriptor)
        callback()

    try:
        descriptor = os.pidfd_open(_supervisord())
    except OSError:  # supervisord has ended, or the system has no pidfds
        check()
        return
    if supervisor_has_gone():  # the descriptor may be that of another process with its id
        on_exit()
        return
    loop.add_reader(descriptor, on_exit)
