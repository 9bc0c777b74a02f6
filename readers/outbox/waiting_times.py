"""
Since when batches wait for their acknowledgement, and how long their messages have waited in all.

During an outage, neighbours are merged, so that the memory for it has a bound.
"""

from __future__ import annotations

from collections.abc import Sequence

#: Entries that are kept. Each takes about 200 bytes.
REMEMBERED = 256

#: When Kafka confirmed records: the last one of each part, ascending, and Unix microseconds.
ConfirmedTimes = Sequence[tuple[int, int]]

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

    def remove_until(
        self, seq: int, confirmed: ConfirmedTimes, now_ms: float
    ) -> list[tuple[float, int]]:
        """
        Remove the batches up to record *seq*.

        Returns how long their messages have waited since they were said, in milliseconds, and how
        many there were. They have waited until Kafka *confirmed* them; where that is not known,
        until *now_ms*.
        """
        entries, count, part = self._entries, 0, 0
        waited = []
        while count < len(entries) and entries[count][0] <= seq:
            last_seq, _, said_ms, messages = entries[count]
            count += 1
            while part < len(confirmed) and confirmed[part][0] < last_seq:
                part += 1
            if messages:
                until_ms = confirmed[part][1] / 1000 if part < len(confirmed) else now_ms
                # Clocks differ: Twitch's may be ahead, or the publisher's.
                waited.append((max(0.0, min(until_ms, now_ms) - said_ms), messages))
        del entries[:count]
        return waited

    def forget(self, first_seq: int, last_seq: int) -> None:
        """Remove the batches between records *first_seq* and *last_seq*, which were evicted."""
        self._entries = [entry for entry in self._entries if not first_seq <= entry[0] <= last_seq]


def _merged(one: _Entry, other: _Entry) -> _Entry:
    _, put_ms, one_said_ms, one_messages = one
    last_seq, _, other_said_ms, other_messages = other
    messages = one_messages + other_messages
    said_ms = one_said_ms * one_messages + other_said_ms * other_messages
    return last_seq, put_ms, said_ms / messages if messages else 0, messages
