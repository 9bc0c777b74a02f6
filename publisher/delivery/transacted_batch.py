"""A batch on its way to Kafka in a transaction, and what is known by now of its refused records."""

from __future__ import annotations

from confluent_kafka import KafkaError

from common.frames import Record
from publisher.delivery.dead_letters import FINAL, TOO_LARGE
from publisher.delivery.handover import Handover
from publisher.link.sequence import Delivery


class TransactedBatch(Handover):
    """The batch of *delivery*; it is handed over again when its transaction was aborted."""

    __slots__ = ("_bare", "_suspects", "refused")

    def __init__(self, delivery: Delivery, topic: str, records: list[Record]) -> None:
        super().__init__(delivery, topic, records)
        #: Indexes of records that were refused together with others, which may be to blame.
        self._suspects: set[int] = set()
        #: The records that are refused by themselves, and why: their dead letters take their place.
        self.refused: dict[int, KafkaError] = {}
        #: Those whose dead letters are too large, unless bare.
        self._bare: set[int] = set()

    @property
    def has_refusals(self) -> bool:
        """Whether Kafka has refused anything of the batch."""
        return bool(self._suspects or self.refused)

    def goes_alone(self, index: int) -> bool:
        """Return whether the record at *index*, or its dead letter, must have no company."""
        return index in self._suspects or index in self.refused

    def is_bare(self, index: int) -> bool:
        """Return whether the dead letter of the record at *index* has neither key nor value."""
        return index in self._bare

    def learn(self, index: int, error: KafkaError, *, was_alone: bool) -> bool:
        """
        Take notice that what was sent of the record at *index* was refused with *error*.

        Return whether the next attempt will be another one than the last.
        """
        if error.code() not in FINAL:
            return False
        if index in self.refused:
            if error.code() not in TOO_LARGE or index in self._bare:
                return False
            self._bare.add(index)
            return True
        if was_alone:
            self.refused[index] = error
        else:
            self._suspects.add(index)
        return True
