"""Makes this process the parent of the orphans among its descendants (Linux, prctl(2))."""

from __future__ import annotations

import ctypes
import os

#: linux/prctl.h
_PR_SET_CHILD_SUBREAPER = 36


def become_subreaper() -> None:
    """Make this process a "child subreaper". Raises OSError where that is impossible."""
    libc = ctypes.CDLL(None, use_errno=True)
    try:
        prctl = libc.prctl
    except AttributeError:
        raise OSError("this system has no prctl") from None
    if prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"prctl: {os.strerror(error)}")
