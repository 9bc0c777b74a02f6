"""How many files a process may have open: the limit RLIMIT_NOFILE, see getrlimit(2)."""

from __future__ import annotations

import resource

#: As many as anybody needs: 10,000 readers at one publisher are 20,000 connections.
ENOUGH = 65536


def raise_open_files() -> None:
    """Let this process, and what it starts, open as many files as it may, at most ENOUGH."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = ENOUGH if hard == resource.RLIM_INFINITY else min(hard, ENOUGH)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def open_files_limit(pid: int) -> int:
    """Return how many files the process *pid* may have open; ENOUGH if that cannot be known."""
    try:
        soft, _ = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    except OSError:
        return ENOUGH
    return ENOUGH if soft == resource.RLIM_INFINITY else soft
