"""Remembers recent message ids: Twitch, a second connection or a second reader may repeat one."""

from __future__ import annotations

from collections import deque
from typing import Generic, TypeVar

_Id = TypeVar("_Id", str, bytes)


class RecentIds(Generic[_Id]):
    """The last *limit* ids."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._ids: set[_Id] = set()
        #: In order of arrival. (A dict keeps that order too, but finding its first key gets slower
        #: as first keys are removed.)
        self._order: deque[_Id] = deque()

    def __contains__(self, message_id: _Id) -> bool:
        """Return whether *message_id* is remembered."""
        return message_id in self._ids

    def __len__(self) -> int:
        """Return the number of remembered ids."""
        return len(self._order)

    def add(self, message_id: _Id) -> bool:
        """
        Remember *message_id*, and forget the oldest id if there are more than the limit.

        Returns whether *message_id* is new.
        """
        if message_id in self._ids:
            return False
        self._ids.add(message_id)
        self._order.append(message_id)
        if len(self._order) > self.limit:
            self._ids.remove(self._order.popleft())
        return True
