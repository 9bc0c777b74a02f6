"""When the file of an outbox is full, and how much of it to evict."""

from __future__ import annotations

import logging
from pathlib import Path

from common.logs import counts
from readers.outbox.damage import PAGE_BYTES
from readers.outbox.database import PAGES_RETURNED, OutboxDatabase, StoredBatch
from readers.outbox.lost_spans import SHARE_EVICTED

#: A full outbox has room again once it uses less than this share of its bound.
_SHARE_WITH_ROOM = 3 / 4

#: Pages that a stored batch can take beyond those of its body: the row's own, and pages of the
#: B-tree that are split.
_PAGES_OF_A_ROW = 4

logger = logging.getLogger(__name__)


class FileBound:
    """
    The bound of *max_bytes* on the outbox at *path*.

    The smallest that can be kept is 64 KiB and one batch: below it, everything but the gap record
    is evicted again and again.
    """

    def __init__(self, database: OutboxDatabase, path: Path, max_bytes: int) -> None:
        self._database = database
        self._path = path
        self._max_bytes = max_bytes
        self._is_full = False
        #: How much the file used when it was measured last, in bytes.
        self.used_bytes = 0
        #: Whether there were enough free pages then to return some to the file system.
        self.has_free_pages = False
        #: The file uses no more than this. It is cheaper to keep than the exact size is to ask for.
        self._used_at_most = 0
        self.measure()

    def measure(self) -> None:
        """Ask the file how much it uses."""
        self.used_bytes, free_bytes = self._database.used_and_free_bytes()
        self._used_at_most = self.used_bytes
        self.has_free_pages = free_bytes > PAGES_RETURNED * PAGE_BYTES

    def on_inserted(self, batch: StoredBatch) -> None:
        """Note that *batch* was added."""
        self._used_at_most += len(batch.body) + _PAGES_OF_A_ROW * PAGE_BYTES

    def bytes_to_evict(self, evicted: int) -> int:
        """Return how much to evict now. *evicted* messages were evicted before: for the log."""
        if self._used_at_most <= self._max_bytes and not self._is_full:
            return 0
        self.measure()
        used = self.used_bytes
        if used > self._max_bytes:
            return used - self._max_bytes + round(self._max_bytes * SHARE_EVICTED)
        if self._is_full and used < self._max_bytes * _SHARE_WITH_ROOM:
            self._is_full = False
            logger.info(
                "the outbox has room again; %d messages were evicted",
                evicted,
                extra=counts(evicted=evicted),
            )
        return 0

    def on_evicted(self) -> None:
        """Note that as much was evicted; log it the first time."""
        if not self._is_full:
            self._is_full = True
            logger.error(
                "%s has reached OUTBOX_MAX_BYTES: evicting the oldest messages until the publisher"
                " acknowledges some; gap records are added for them",
                self._path,
            )
