"""Converts received chat to records, drops duplicates, and puts the rest into the outbox."""

from __future__ import annotations

import logging
from collections.abc import Callable

from common.chat_message import encode_chat_message
from common.frames import Batch, Kind, Record
from common.recent_ids import RecentIds
from readers.parsing.chat_parser import ReceivedMessage

#: Maximum records per batch. The publisher accepts up to ten times as many.
RECORDS_PER_BATCH = 1000

#: Message ids kept to find duplicates. Two connections overlap for seconds, and a busy channel
#: has a few hundred messages a second.
REMEMBERED_IDS = 4096

logger = logging.getLogger(__name__)


class RecordBuilder:
    """Makes batches from chat. Its counters start at 0 with the process."""

    def __init__(self, append: Callable[[Batch], object]) -> None:
        """*append* puts a batch into the outbox and sends it."""
        self._append = append
        self._recent = RecentIds[str](REMEMBERED_IDS)
        self.messages = 0
        self.repeated = 0
        self.skipped_emote_positions = 0

    def take(self, chat: list[ReceivedMessage]) -> None:
        """Put *chat* into the outbox, in batches of up to RECORDS_PER_BATCH records."""
        debugging = logger.isEnabledFor(logging.DEBUG)
        records = []
        for received in chat:
            if received.id and not self._recent.add(received.id):
                self.repeated += 1
                continue
            self.skipped_emote_positions += received.skipped_emotes
            message = received.message
            value = encode_chat_message(message)
            key, record_id = message.channel_id.encode(), received.id.encode()
            records.append(Record(key, message.timestamp, value, record_id))
            if debugging:
                logger.debug("message %s", value.decode())
        for start in range(0, len(records), RECORDS_PER_BATCH):
            batch = Batch(Kind.CHAT, records[start : start + RECORDS_PER_BATCH])
            self._append(batch)
            self.messages += len(batch.records)
