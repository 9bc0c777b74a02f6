"""The ids of records of one kind: which ones Kafka has, and which ones are in flight."""

from __future__ import annotations

from functools import partial

from common.frames import Record
from common.recent_ids import RecentIds
from publisher.link.sequence import Delivery


class KnownIds:
    """Remembers the ids of the last *limit* published records, and of those in flight."""

    def __init__(self, limit: int) -> None:
        self.published = RecentIds[bytes](limit)
        #: The batch that carries a record, by the record's id.
        self._in_flight: dict[bytes, Delivery] = {}

    def begin_session(self) -> None:
        """Forget the records in flight: only confirmed ones count as published."""
        # A new dict, because late confirmations still remove their ids from the old one.
        self._in_flight = {}

    def select(self, delivery: Delivery, records: list[Record]) -> dict[int, Record]:
        """
        Return, by seq, the new ones of *records*; those without an id count as new.

        Sets in *delivery* the other batches to wait for.
        """
        published, in_flight = self.published, self._in_flight
        selected, new_ids, originals = {}, [], set()
        for seq, record in enumerate(records, delivery.first_seq):
            if record_id := record.id:
                if record_id in published:
                    continue
                if (original := in_flight.get(record_id)) is not None:
                    originals.add(original)
                    continue
                in_flight[record_id] = delivery
                new_ids.append(record_id)
            selected[seq] = record
        for original in originals:
            delivery.wait_for(original)
        delivery.when_confirmed(partial(self._remember, new_ids, in_flight))
        return selected

    def _remember(self, record_ids: list[bytes], in_flight: dict[bytes, Delivery]) -> None:
        for record_id in record_ids:
            del in_flight[record_id]
            self.published.add(record_id)
