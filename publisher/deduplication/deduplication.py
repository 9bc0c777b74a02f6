"""
Which records of a batch are published where several readers read a channel: each message once, and
of a gap what none of them has covered.

1. A message that Kafka has, as far as the last ids are remembered, is left out.
2. So is one that is on its way in another batch. But then its batch waits for that other one: what
   is acknowledged is deleted by its reader, and the other's host may be lost by then.
3. What was on its way when a session ends is sent again, by one reader or the other.
4. A gap record is cut to the time in which no other reader was in the channel. One that tells of
   messages that were given up stands: having been there does not mean to have kept them.
"""

from __future__ import annotations

from functools import partial

import msgspec

from common.chat_gap import GapReason, decode_chat_gap, encode_chat_gap
from common.frames import Batch, Kind, Presence, Record
from common.recent_ids import RecentIds
from publisher.counters import Counters
from publisher.deduplication.presence import PresenceTable
from publisher.link.sequence import Delivery

#: How many ids of published messages are remembered. With Twitch's ids that takes 75 MiB, as
#: measured: 36 bytes of text in an object of 80, a place in the queue, and one in a set, which is
#: never full. A publisher that recalls as many when it starts takes 100 MiB more than one that does
#: not, and 140 MiB at the peak.
REMEMBERED_IDS = 500_000


class Deduplication:
    """What is known of messages and gaps, over all sessions of the process."""

    def __init__(self, counters: Counters) -> None:
        self._counters = counters
        self._presence = PresenceTable()
        self.published = RecentIds[bytes](REMEMBERED_IDS)
        #: By id, the batch that carries the message.
        self._on_the_way: dict[bytes, Delivery] = {}

    def begin_session(self) -> None:
        """Forget what was on its way: it counts for nothing unless it was confirmed."""
        # A new one, as what was confirmed in the last moment takes its ids out of the old one.
        self._on_the_way = {}

    def note_presence(self, presence: Presence) -> None:
        """Take note of where a reader has been."""
        self._presence.note(presence)

    def select(self, delivery: Delivery, batch: Batch) -> Batch:
        """
        Return what is to be published of *batch*, which may be nothing.

        The *delivery* is told the numbers of it, and which others it has to wait for.
        """
        select = self._select_gaps if batch.kind == Kind.GAP else self._select_messages
        selected = select(delivery, batch.records)
        delivery.select(list(selected))
        return Batch(batch.kind, list(selected.values()))

    def _select_messages(self, delivery: Delivery, records: list[Record]) -> dict[int, Record]:
        """Return, by seq, the records whose message was not taken before."""
        published, on_the_way = self.published, self._on_the_way
        selected, new_ids, originals = {}, [], set()
        for seq, record in enumerate(records, delivery.first_seq):
            if message_id := record.id:
                if message_id in published:
                    continue
                if (original := on_the_way.get(message_id)) is not None:
                    originals.add(original)
                    continue
                on_the_way[message_id] = delivery
                new_ids.append(message_id)
            selected[seq] = record
        for original in originals:
            delivery.wait_for(original)
        delivery.when_confirmed(partial(self._remember, new_ids, on_the_way))
        self._counters.duplicates_left_out += len(records) - len(selected)
        return selected

    def _remember(self, message_ids: list[bytes], on_the_way: dict[bytes, Delivery]) -> None:
        for message_id in message_ids:
            del on_the_way[message_id]
            self.published.add(message_id)

    def _select_gaps(self, delivery: Delivery, records: list[Record]) -> dict[int, Record]:
        """Return, by seq, what remains of the gaps that the *records* tell of."""
        remaining = {
            seq: rest
            for seq, record in enumerate(records, delivery.first_seq)
            if (rest := self._rest(delivery.reader, record)) is not None
        }
        self._counters.gaps_left_out += len(records) - len(remaining)
        return remaining

    def _rest(self, reader: str, record: Record) -> Record | None:
        """Return the record of what remains of a gap; None if nothing does."""
        try:
            gap = decode_chat_gap(record.value)
        except msgspec.MsgspecError:
            return record  # it is for whoever reads the topic to see what it is
        if gap.reason is GapReason.OVERFLOWED:
            return record
        rest = self._presence.unattended(gap.channel_id, reader, gap.from_ms, gap.to_ms)
        if rest is None:
            return None
        from_ms, to_ms = rest
        value = encode_chat_gap(msgspec.structs.replace(gap, from_ms=from_ms, to_ms=to_ms))
        return msgspec.structs.replace(record, value=value)
