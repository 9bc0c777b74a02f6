"""
Detects that the supervisord that started this process has ended.

If supervisord is killed with SIGKILL, its programs go on, and the next supervisord starts them a
second time.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable

#: Seconds between two checks on a system without pidfds.
_CHECK_EVERY_S = 5.0

_parent = os.getppid()


def is_supervised() -> bool:
    """Return whether supervisord started this process."""
    return "SUPERVISOR_ENABLED" in os.environ


def supervisor_has_gone() -> bool:
    """Return whether supervisord started this process and has ended since."""
    return is_supervised() and os.getppid() != _parent


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
        loop.remove_reader(descriptor)
        os.close(descriptor)
        callback()

    try:
        descriptor = os.pidfd_open(_parent)
    except OSError:  # supervisord has just ended, or the system has no pidfds
        check()
        return
    loop.add_reader(descriptor, on_exit)


def _note_parent() -> None:
    global _parent  # noqa: PLW0603 - a process has one parent
    _parent = os.getppid()


# supervisord may have imported this module before it forked this process.
os.register_at_fork(after_in_child=_note_parent)
