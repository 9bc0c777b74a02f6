"""The ids of the messages that were published last."""

from __future__ import annotations

from collections import deque

#: How many of them are remembered. With Twitch's ids that takes 75 MiB, as measured: 36 bytes of
#: text in an object of 80, a place in the queue, and one in a set, which is never full. A publisher
#: that recalls as many when it starts takes 100 MiB more than one that does not, and 140 MiB at the
#: peak.
WINDOW = 500_000


class PublishedIds:
    """The last *limit* ids."""

    def __init__(self, limit: int = WINDOW) -> None:
        self.limit = limit
        self._ids: set[bytes] = set()
        #: In the order in which they came. (A dict has that order as well, but takes ever longer to
        #: find its first key when first keys are what is taken out.)
        self._order: deque[bytes] = deque()

    def __contains__(self, message_id: bytes) -> bool:
        """Return whether *message_id* is among the last ones."""
        return message_id in self._ids

    def __len__(self) -> int:
        """Return how many are remembered."""
        return len(self._order)

    def add(self, message_id: bytes) -> None:
        """Remember *message_id*, and forget the oldest one if there are too many."""
        if message_id in self._ids:
            return
        self._ids.add(message_id)
        self._order.append(message_id)
        if len(self._order) > self.limit:
            self._ids.remove(self._order.popleft())
