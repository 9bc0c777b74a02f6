"""The ids of the messages taken last: Twitch may say a line twice, and so do two connections."""

from __future__ import annotations

#: Two connections overlap for seconds; a busy channel says a few hundred messages a second.
REMEMBERED = 4096


class RecentIds:
    """The last REMEMBERED message ids."""

    def __init__(self, limit: int = REMEMBERED) -> None:
        self._limit = limit
        # A dict keeps the order of insertion: its first key is the oldest.
        self._ids: dict[str, None] = {}

    def is_new(self, message_id: str) -> bool:
        """Return whether *message_id* is not among the last ones, and remember it."""
        if message_id in self._ids:
            return False
        self._ids[message_id] = None
        if len(self._ids) > self._limit:
            del self._ids[next(iter(self._ids))]
        return True
