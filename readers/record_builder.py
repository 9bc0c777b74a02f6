"""
Converts received chat to records, drops duplicates, and puts the rest into the outbox.

Messages and events go to different topics, so they are in different batches. Their order is kept.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator

from common.chat_event import encode_chat_event
from common.chat_message import encode_chat_message
from common.frames import MAX_FRAME_BYTES, Batch, Kind, Record
from common.recent_ids import RecentIds
from readers.parsing.received import Received, ReceivedEvent

#: Maximum records per batch. The publisher accepts up to ten times as many.
RECORDS_PER_BATCH = 1000

#: A batch of several records has at most so many bytes: half of what a publisher accepts. It closes
#: the connection of a reader that sends more, and the reader would send the same again.
BYTES_PER_BATCH = MAX_FRAME_BYTES // 2

# More than the encoding adds to the bytes of a record.
_ADDED_BYTES = 32

#: Message ids kept to find duplicates. Two connections overlap for seconds, and a busy channel
#: has a few hundred messages a second.
REMEMBERED_IDS = 4096

#: The same for events, of which there are far fewer.
REMEMBERED_EVENT_IDS = 1024

# Python 3.11 takes 0.1 µs to look up a member of an enum, a fifth of what a message takes here.
_CHAT, _EVENT = Kind.CHAT, Kind.EVENT

#: How the log names a record.
_NAMES = {Kind.CHAT: "message", Kind.EVENT: "event"}

logger = logging.getLogger(__name__)


class RecordBuilder:
    """Makes batches from chat. Its counters start at 0 with the process."""

    def __init__(
        self, append: Callable[[Batch], object], takes_events: Callable[[], bool] = lambda: True
    ) -> None:
        """
        *append* puts a batch into the outbox and sends it. *takes_events* returns whether the
        publisher takes events; while it does not, they are dropped.
        """
        self._append = append
        self._takes_events = takes_events
        self._recent = RecentIds[str](REMEMBERED_IDS)
        # An announcement is a message and an event, which have the same id.
        self._recent_events = RecentIds[str](REMEMBERED_EVENT_IDS)
        self.messages = 0
        self.events = 0
        self.repeated = 0
        self.skipped_emote_positions = 0

    def take(self, chat: list[Received]) -> None:
        """Put *chat* into the outbox, in batches within both limits."""
        debugging = logger.isEnabledFor(logging.DEBUG)
        kind, records, size = _CHAT, list[Record](), 0
        for received in chat:
            # isinstance() would take 0.15 µs more, because structs have a metaclass.
            if type(received) is ReceivedEvent:
                if (record := self._event(received)) is None:
                    continue
                of_kind = _EVENT
            else:
                # Here, and not in a function: that would add a tenth to the time of a message.
                if received.id and not self._recent.add(received.id):
                    self.repeated += 1
                    continue
                self.skipped_emote_positions += received.skipped_emotes
                message = received.message
                value = encode_chat_message(message)
                key, record_id = message.channel_id.encode(), received.id.encode()
                record = Record(key, message.timestamp, value, record_id)
                of_kind = _CHAT
            if of_kind is not kind:
                self._put(kind, records, size)
                kind, records, size = of_kind, [], 0
            records.append(record)
            size += len(record.key) + len(record.value) + len(record.id)
            if debugging:
                logger.debug("%s %s", _NAMES[kind], record.value.decode())
        self._put(kind, records, size)

    def _event(self, received: ReceivedEvent) -> Record | None:
        """Return the record of an event, None if it is a duplicate or not wanted."""
        if not self._takes_events():
            return None
        if received.id and not self._recent_events.add(received.id):
            self.repeated += 1
            return None
        event = received.event
        return Record(
            event.channel_id.encode(),
            event.timestamp,
            encode_chat_event(event),
            received.id.encode(),
        )

    def _put(self, kind: Kind, records: list[Record], size: int) -> None:
        """Put *records* with *size* bytes of content into the outbox."""
        fit = size + len(records) * _ADDED_BYTES <= BYTES_PER_BATCH
        # Nearly always, all are one batch. To look at each again would take 0.1 µs a record.
        if records and len(records) <= RECORDS_PER_BATCH and fit:
            batches = [records]
        else:
            batches = list(_within_limits(records))
        for some in batches:
            self._append(Batch(kind, some))
            if kind is _EVENT:
                self.events += len(some)
            else:
                self.messages += len(some)


def _within_limits(records: list[Record]) -> Iterator[list[Record]]:
    """Yield *records* in lists of as many as one batch may have."""
    start = size = 0
    for place, record in enumerate(records):
        added = len(record.key) + len(record.value) + len(record.id) + _ADDED_BYTES
        size += added
        if place - start == RECORDS_PER_BATCH or (size > BYTES_PER_BATCH and place > start):
            yield records[start:place]
            start, size = place, added
    if records:
        yield records[start:]
