"""
Converts received chat to records, drops duplicates, and puts the rest into the outbox.

Messages and events go to different topics, so they are in different batches. Their order is kept.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from common.chat_event import encode_chat_event
from common.chat_message import encode_chat_message
from common.frames import Batch, Kind, Record
from common.recent_ids import RecentIds
from readers.parsing.received import Received, ReceivedEvent

#: Maximum records per batch. The publisher accepts up to ten times as many.
RECORDS_PER_BATCH = 1000

#: Message ids kept to find duplicates. Two connections overlap for seconds, and a busy channel
#: has a few hundred messages a second.
REMEMBERED_IDS = 4096

#: The same for events, of which there are far fewer.
REMEMBERED_EVENT_IDS = 1024

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
        """Put *chat* into the outbox, in batches of up to RECORDS_PER_BATCH records."""
        debugging = logger.isEnabledFor(logging.DEBUG)
        kind, records = Kind.CHAT, list[Record]()
        for received in chat:
            if isinstance(received, ReceivedEvent):
                record, of_kind = self._event(received), Kind.EVENT
                if record is None:
                    continue
            else:
                # Here, and not in a function: that would add a tenth to the time of a message.
                if received.id and not self._recent.add(received.id):
                    self.repeated += 1
                    continue
                self.skipped_emote_positions += received.skipped_emotes
                message = received.message
                value = encode_chat_message(message)
                key, record_id = message.channel_id.encode(), received.id.encode()
                record, of_kind = Record(key, message.timestamp, value, record_id), Kind.CHAT
            if of_kind is not kind:
                self._put(kind, records)
                kind, records = of_kind, []
            records.append(record)
            if debugging:
                logger.debug("%s %s", _NAMES[kind], record.value.decode())
        self._put(kind, records)

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

    def _put(self, kind: Kind, records: list[Record]) -> None:
        for start in range(0, len(records), RECORDS_PER_BATCH):
            batch = Batch(kind, records[start : start + RECORDS_PER_BATCH])
            self._append(batch)
            if kind is Kind.EVENT:
                self.events += len(batch.records)
            else:
                self.messages += len(batch.records)
