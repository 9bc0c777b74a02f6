"""
Since when batches wait for their acknowledgement, and when their messages were said.

During an outage, neighbours are merged, so that the memory for it has a bound.
"""

from __future__ import annotations

#: Entries that are kept. Each takes about 200 bytes.
REMEMBERED = 256


#: The last record of batches that were put in one after another; when the first was put in, and
#: when their messages were said on average, in Unix milliseconds; and how many messages there are.
_Entry = tuple[int, int, float, int]


class WaitingTimes:
    """The times of the batches in an outbox, oldest first."""

    def __init__(self) -> None:
        self._entries: list[_Entry] = []

    @property
    def oldest_ms(self) -> int:
        """When the oldest batch was put in, in Unix milliseconds; 0 if there is none."""
        return self._entries[0][1] if self._entries else 0

    def add(self, last_seq: int, put_ms: int, said_ms: int, messages: int) -> None:
        """Add a batch of *messages* (0 for one without) that ends with record *last_seq*."""
        if len(self._entries) == REMEMBERED:
            entries = self._entries
            self._entries = list(map(_merged, entries[::2], entries[1::2]))
        self._entries.append((last_seq, put_ms, said_ms, messages))

    def remove_until(self, seq: int) -> list[tuple[float, int]]:
        """
        Remove the batches up to record *seq*.

        Returns when the messages were said, in Unix milliseconds, and how many there were.
        """
        entries, count = self._entries, 0
        while count < len(entries) and entries[count][0] <= seq:
            count += 1
        removed = entries[:count]
        del entries[:count]
        return [(said_ms, messages) for _, _, said_ms, messages in removed if messages]

    def forget(self, first_seq: int, last_seq: int) -> None:
        """Remove the batches between records *first_seq* and *last_seq*, which were evicted."""
        self._entries = [entry for entry in self._entries if not first_seq <= entry[0] <= last_seq]


def _merged(one: _Entry, other: _Entry) -> _Entry:
    _, put_ms, one_said_ms, one_messages = one
    last_seq, _, other_said_ms, other_messages = other
    messages = one_messages + other_messages
    said_ms = one_said_ms * one_messages + other_said_ms * other_messages
    return last_seq, put_ms, said_ms / messages if messages else 0, messages
