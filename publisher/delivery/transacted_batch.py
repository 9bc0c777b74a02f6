"""A batch that is written in a transaction, and what is known of its refused records so far."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping

from confluent_kafka import KafkaError

from common.frames import Batch
from publisher.delivery.dead_letters import FINAL
from publisher.delivery.handover import Handover
from publisher.delivery.refused_record import RefusedRecord
from publisher.link.sequence import Delivery


class TransactedBatch(Handover):
    """The batch of *delivery*. It is handed over again when its transaction was aborted."""

    __slots__ = ("_refused",)

    def __init__(self, delivery: Delivery, topic: str, batch: Batch, *, with_ids: bool) -> None:
        super().__init__(delivery, topic, batch, with_ids=with_ids)
        #: By index, the records that were refused, alone or together with others.
        self._refused: dict[int, RefusedRecord] = {}

    @property
    def has_refusals(self) -> bool:
        """Whether Kafka has refused anything of the batch."""
        return bool(self._refused)

    @property
    def dead_letters(self) -> Mapping[str, int]:
        """How many records are replaced by dead letters, by librdkafka's name of the error."""
        if not self._refused:
            return {}
        reasons = [record.reason for record in self._refused.values()]
        return Counter(reason.name() for reason in reasons if reason is not None)

    def refused(self, index: int) -> RefusedRecord | None:
        """Return the record at *index* if it was refused: it, or its letter, has to go alone."""
        return self._refused.get(index)

    def learn(
        self, index: int, error: KafkaError, log: Callable[[KafkaError], None], *, was_alone: bool
    ) -> bool:
        """
        Note that what was sent of the record at *index* was refused with *error*.

        Returns whether the next attempt will be another one than the last. *log* is called when
        that is the record's dead letter.
        """
        if error.code() not in FINAL:
            return False
        record = self._refused.setdefault(index, RefusedRecord(self, index))
        return record.refuse(error, log) if was_alone else True
