"""
Selects the records to publish where several readers read a channel: each message and event once,
and of each gap only the time in which no other reader was in the channel.

1. A message that Kafka has is left out, if its id is still remembered.
2. A message that is in flight in another batch is left out, too. Its batch then waits for the other
   one: a reader deletes what is acknowledged, and the other reader's host may be lost meanwhile.
3. Messages that are in flight when a session ends are sent again by one of the readers.
4. The same holds for events. Their ids are remembered apart: an announcement is a message and an
   event, with the same id.
5. A gap record is cut to the time in which no other reader was in the channel. The record of an
   outbox that overflowed or was damaged is left whole: a reader in the channel may still have lost
   messages.
"""

from __future__ import annotations

import msgspec

from common.chat_gap import decode_chat_gap, encode_chat_gap
from common.frames import Batch, Kind, Presence, Record
from common.recent_ids import RecentIds
from publisher.deduplication.known_ids import KnownIds
from publisher.deduplication.presence import PresenceTable
from publisher.link.sequence import Delivery

#: How many ids of published messages are remembered. With Twitch's ids this takes 75 MiB
#: (measured): 36 bytes of text in an object of 80, a place in the queue, and one in a set, which is
#: never full. A publisher that loads as many at its start takes 100 MiB more than one that does
#: not, and 140 MiB at the peak.
REMEMBERED_IDS = 500_000

#: The same for events, of which there are far fewer.
REMEMBERED_EVENT_IDS = 50_000


class Deduplication:
    """The known messages, events and presences, across all sessions of the process."""

    def __init__(self) -> None:
        self._presence = PresenceTable()
        self._known = {
            Kind.CHAT: KnownIds(REMEMBERED_IDS),
            Kind.EVENT: KnownIds(REMEMBERED_EVENT_IDS),
        }

    @property
    def published(self) -> dict[Kind, RecentIds[bytes]]:
        """The ids of the last published records, by their kind."""
        return {kind: known.published for kind, known in self._known.items()}

    def begin_session(self) -> None:
        """Forget the records in flight: only confirmed ones count as published."""
        for known in self._known.values():
            known.begin_session()

    def note_presence(self, presence: Presence) -> None:
        """Store that a reader has been in a channel."""
        self._presence.note(presence)

    def select(self, delivery: Delivery, batch: Batch) -> Batch:
        """
        Return the records of *batch* to publish, which may be none.

        Sets in *delivery* the seqs of these records, and the other batches to wait for.
        """
        known = self._known.get(batch.kind)
        select = known.select if known else self._select_gaps
        selected = select(delivery, batch.records)
        delivery.select(list(selected))
        return Batch(batch.kind, list(selected.values()))

    def _select_gaps(self, delivery: Delivery, records: list[Record]) -> dict[int, Record]:
        """Return, by seq, the gap records that remain of *records*, cut where needed."""
        return {
            seq: rest
            for seq, record in enumerate(records, delivery.first_seq)
            if (rest := self._remaining_gap(delivery.reader, record)) is not None
        }

    def _remaining_gap(self, reader: str, record: Record) -> Record | None:
        """Return the record of what remains of a gap; None if nothing remains."""
        try:
            gap = decode_chat_gap(record.value)
        except msgspec.MsgspecError:
            return record  # publish it unchanged; the topic's consumers can inspect it
        if gap.reason.loses_received_messages:
            return record
        rest = self._presence.unattended(gap.channel_id, reader, gap.from_ms, gap.to_ms)
        if rest is None:
            return None
        from_ms, to_ms = rest
        value = encode_chat_gap(msgspec.structs.replace(gap, from_ms=from_ms, to_ms=to_ms))
        return msgspec.structs.replace(record, value=value)
