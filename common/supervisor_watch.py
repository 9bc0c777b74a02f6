"""Whether the supervisord that started this process is still there."""

from __future__ import annotations

import os

_PARENT = os.getppid()


def supervisor_has_gone() -> bool:
    """
    Return whether supervisord started this process, and has ended since.

    Killed with SIGKILL it leaves its programs running; the next one starts them a second time.
    """
    return "SUPERVISOR_ENABLED" in os.environ and os.getppid() != _PARENT
