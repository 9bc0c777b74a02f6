"""
Since when batches wait for their acknowledgement, and when their messages were said.

During an outage, neighbours are merged, so that the memory for it has a bound.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

#: Entries that are kept. Each takes about 200 bytes.
REMEMBERED = 256


class _Entry(NamedTuple):
    """Batches that were put in one after another. Times are Unix milliseconds."""

    last_seq: int
    put_ms: int
    #: When the messages were said, on average.
    said_ms: float
    messages: int


class WaitingTimes:
    """The times of the batches in an outbox, oldest first."""

    def __init__(self) -> None:
        self._entries: list[_Entry] = []

    @property
    def oldest_ms(self) -> int:
        """When the oldest batch was put in, in Unix milliseconds; 0 if there is none."""
        return self._entries[0].put_ms if self._entries else 0

    def add(self, last_seq: int, put_ms: int, said_ms: int, messages: int) -> None:
        """Add a batch of *messages* (0 for one without) that ends with record *last_seq*."""
        if len(self._entries) == REMEMBERED:
            entries = self._entries
            self._entries = list(map(_merged, entries[::2], entries[1::2]))
        self._entries.append(_Entry(last_seq, put_ms, said_ms, messages))

    def remove_until(self, seq: int) -> Iterator[tuple[float, int]]:
        """
        Remove the batches up to record *seq*.

        Returns when the messages were said, in Unix milliseconds, and how many there were.
        """
        count = 0
        for entry in self._entries:
            if entry.last_seq > seq:
                break
            count += 1
        removed = self._entries[:count]
        del self._entries[:count]
        return ((entry.said_ms, entry.messages) for entry in removed if entry.messages)

    def forget(self, first_seq: int, last_seq: int) -> None:
        """Remove the batches between records *first_seq* and *last_seq*, which were evicted."""
        self._entries = [
            entry for entry in self._entries if not first_seq <= entry.last_seq <= last_seq
        ]


def _merged(one: _Entry, other: _Entry) -> _Entry:
    messages = one.messages + other.messages
    said_ms = one.said_ms * one.messages + other.said_ms * other.messages
    return _Entry(other.last_seq, one.put_ms, said_ms / messages if messages else 0, messages)
