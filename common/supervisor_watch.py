"""
Whether the supervisord that started this process is still there.

Killed with SIGKILL it leaves its programs running; the next one starts them a second time.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable

#: Seconds between two looks, where the system does not tell.
_LOOK_EVERY_S = 5.0

_parent = os.getppid()


def is_supervised() -> bool:
    """Return whether supervisord started this process."""
    return "SUPERVISOR_ENABLED" in os.environ


def supervisor_has_gone() -> bool:
    """Return whether supervisord started this process, and has ended since."""
    return is_supervised() and os.getppid() != _parent


def call_when_supervisor_has_gone(callback: Callable[[], object]) -> None:
    """Have the running loop call *callback* once `supervisor_has_gone`, and not wake up before."""
    if not is_supervised():
        return
    loop = asyncio.get_running_loop()

    def look() -> None:
        if supervisor_has_gone():
            callback()
        else:
            loop.call_later(_LOOK_EVERY_S, look)

    def tell() -> None:
        loop.remove_reader(descriptor)
        os.close(descriptor)
        callback()

    try:
        descriptor = os.pidfd_open(_parent)
    except OSError:  # it has gone just now, or the system has no such descriptors
        look()
        return
    loop.add_reader(descriptor, tell)


def _note_parent() -> None:
    global _parent  # noqa: PLW0603 - a process has one parent
    _parent = os.getppid()


# supervisord may have loaded this module before it became the parent.
os.register_at_fork(after_in_child=_note_parent)
