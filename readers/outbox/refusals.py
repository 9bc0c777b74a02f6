"""
What happens when the disk refuses to write an outbox: the mark is set, and it is logged once.

Nothing is lost by that: whoever wanted to write tries again later.
"""

from __future__ import annotations

import contextlib
import logging
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

from readers.outbox.memory_bound import memory_bound
from readers.outbox.numbering import Numbering
from readers.outbox.unwritten import UnwrittenBatches

logger = logging.getLogger(__name__)


class Refusals:
    """The disk's refusals to write the outbox at *path*, whose *unwritten* batches then wait."""

    def __init__(self, path: Path, numbering: Numbering, unwritten: UnwrittenBatches) -> None:
        self._path = path
        self._numbering = numbering
        self._unwritten = unwritten
        self._is_refusing = False
        self._is_memory_full = False

    def accepts(self, work: Callable[..., object], *arguments: Any) -> bool:
        """Do *work*, which writes, and return whether the disk accepted it."""
        try:
            work(*arguments)
        except sqlite3.OperationalError as error:
            self.on_refused(error)
            return False
        return True

    def on_refused(self, error: sqlite3.OperationalError) -> None:
        """Note that the disk has refused something with *error*."""
        # If the mark cannot be set, nothing is sent from memory.
        with contextlib.suppress(OSError):
            self._numbering.mark()
        if not self._is_refusing:
            self._is_refusing = True
            self._unwritten.max_bytes = memory_bound(self._path.parent)
            logger.error(
                "cannot write %s (%s): keeping messages in memory until it can be written;"
                " they are lost if this process ends before",
                self._path,
                error,
            )

    def on_memory_full(self) -> None:
        """Note that batches are evicted from memory."""
        if not self._is_memory_full:
            self._is_memory_full = True
            logger.error(
                "%s cannot be written, and its %d KiB of memory are full: evicting the oldest"
                " messages; gap records are added for them",
                self._path,
                self._unwritten.max_bytes // 1024,
            )

    def on_all_written(self) -> None:
        """Note that everything is in the file: the mark is not needed any more."""
        self._numbering.unmark()
        if self._is_refusing:
            self._is_refusing = self._is_memory_full = False
            logger.info("%s can be written again", self._path)
