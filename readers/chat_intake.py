"""Takes the chat that the connection hears, once each, and puts it into the outbox as records."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from common.chat_message import encode_chat_message
from common.frames import Batch, Kind, Record
from common.recent_ids import RecentIds
from readers.chat_parser import chat_message
from readers.irc import IrcMessage
from readers.outbox import Outbox

#: Records a batch has at most; the publisher takes ten times as many, and no more.
RECORDS_PER_BATCH = 1000

#: Ids remembered. Two connections overlap for seconds; a busy channel says a few hundred messages a
#: second.
REMEMBERED_IDS = 4096

logger = logging.getLogger(__name__)


class ChatIntake:
    """Where chat becomes a batch. Its counts are of this process's life."""

    def __init__(
        self,
        outbox: Outbox,
        *,
        on_batch: Callable[[], None],
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        """*on_batch* is called when there is something new in the outbox."""
        self._outbox = outbox
        self._on_batch = on_batch
        self._now_ms = now_ms
        self._recent = RecentIds[str](REMEMBERED_IDS)
        self.messages = 0
        self.repeated = 0
        self.skipped_emote_positions = 0

    def take(self, lines: list[IrcMessage], room_id: str) -> None:
        """
        Put the messages among *lines* into the outbox, as one batch unless they are very many.

        *room_id* is the channel's id, for lines that do not carry it.
        """
        now_ms = self._now_ms()
        debugging = logger.isEnabledFor(logging.DEBUG)
        records = []
        for line in lines:
            parsed = chat_message(line, room_id=room_id, now_ms=now_ms)
            if parsed is None:
                continue
            message_id = line.tag("id")
            if message_id and not self._recent.add(message_id):
                self.repeated += 1
                continue
            message, skipped = parsed
            self.skipped_emote_positions += skipped
            value = encode_chat_message(message)
            key, record_id = message.channel_id.encode(), message_id.encode()
            records.append(Record(key, message.timestamp, value, record_id))
            if debugging:
                logger.debug("message %s", value.decode())
        for start in range(0, len(records), RECORDS_PER_BATCH):
            batch = Batch(Kind.CHAT, records[start : start + RECORDS_PER_BATCH])
            self._outbox.append(batch)
            self.messages += len(batch.records)
        if records:
            self._on_batch()
