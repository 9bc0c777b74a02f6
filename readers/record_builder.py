"""Takes the chat that the connection hears, once each, and puts it into the outbox as records."""

from __future__ import annotations

import logging
from collections.abc import Callable

from common.chat_message import encode_chat_message
from common.frames import Batch, Kind, Record
from common.recent_ids import RecentIds
from readers.twitch.chat_parser import ReceivedMessage

#: Records a batch has at most; the publisher takes ten times as many, and no more.
RECORDS_PER_BATCH = 1000

#: Ids remembered. Two connections overlap for seconds; a busy channel says a few hundred messages a
#: second.
REMEMBERED_IDS = 4096

logger = logging.getLogger(__name__)


class RecordBuilder:
    """Where chat becomes a batch. Its counts are of this process's life."""

    def __init__(self, append: Callable[[Batch], object]) -> None:
        """*append* puts a batch into the outbox and sends it."""
        self._append = append
        self._recent = RecentIds[str](REMEMBERED_IDS)
        self.messages = 0
        self.repeated = 0
        self.skipped_emote_positions = 0

    def take(self, chat: list[ReceivedMessage]) -> None:
        """Put *chat* into the outbox, as one batch unless it is very much."""
        debugging = logger.isEnabledFor(logging.DEBUG)
        records = []
        for heard in chat:
            if heard.id and not self._recent.add(heard.id):
                self.repeated += 1
                continue
            self.skipped_emote_positions += heard.skipped_emotes
            message = heard.message
            value = encode_chat_message(message)
            key, record_id = message.channel_id.encode(), heard.id.encode()
            records.append(Record(key, message.timestamp, value, record_id))
            if debugging:
                logger.debug("message %s", value.decode())
        for start in range(0, len(records), RECORDS_PER_BATCH):
            batch = Batch(Kind.CHAT, records[start : start + RECORDS_PER_BATCH])
            self._append(batch)
            self.messages += len(batch.records)
