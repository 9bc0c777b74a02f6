"""The ids of the last messages: Twitch may say a line twice, and two connections or readers do."""

from __future__ import annotations

from collections import deque
from typing import Generic, TypeVar

_Id = TypeVar("_Id", str, bytes)


class RecentIds(Generic[_Id]):
    """The last *limit* ids."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._ids: set[_Id] = set()
        #: In the order in which they came. (A dict has that order as well, but takes ever longer to
        #: find its first key when first keys are what is taken out.)
        self._order: deque[_Id] = deque()

    def __contains__(self, message_id: _Id) -> bool:
        """Return whether *message_id* is among the last ones."""
        return message_id in self._ids

    def __len__(self) -> int:
        """Return how many are remembered."""
        return len(self._order)

    def add(self, message_id: _Id) -> bool:
        """
        Remember *message_id*, and forget the oldest one if there are too many.

        Return whether it is new.
        """
        if message_id in self._ids:
            return False
        self._ids.add(message_id)
        self._order.append(message_id)
        if len(self._order) > self.limit:
            self._ids.remove(self._order.popleft())
        return True
