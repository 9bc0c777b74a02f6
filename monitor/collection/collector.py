"""Collects what is known about this host."""

from __future__ import annotations

import os
import time
from pathlib import Path

from common.unix_time import unix_ms
from monitor.collection.host import Host
from monitor.collection.pages import read_pages
from monitor.collection.supervised import SupervisedPrograms


class Collector:
    """Collects what is known about a host, as often as it is asked to."""

    def __init__(self, state_dir: Path, folder: Path = Path()) -> None:
        """*folder* is that of supervisord.conf."""
        self._state_dir = state_dir
        self._programs = SupervisedPrograms(folder)

    def collect(self) -> Host:
        """
        Return what is known now. It takes about 30 ms for 1,000 channels.

        The first time, it waits up to 3 s for supervisord.
        """
        began = time.perf_counter()
        pages = read_pages(self._state_dir)
        running = {page.status.pid for page in pages.readers.values() if page.is_written}
        supervised = self._programs.newest(running)
        return Host(
            at_ms=unix_ms(),
            readers=pages.readers,
            publisher=pages.publisher,
            auth=pages.auth,
            programs=supervised.programs,
            supervisord_problem=supervised.problem,
            usage=supervised.usage,
            free_bytes=_free_bytes(self._state_dir),
            removed_readers=pages.removed_readers,
            unreadable=pages.unreadable,
            collected_within_s=time.perf_counter() - began,
        )


def _free_bytes(folder: Path) -> int | None:
    """Return what this user may still write there."""
    try:
        found = os.statvfs(folder)
    except OSError:
        return None
    return found.f_bavail * found.f_frsize
