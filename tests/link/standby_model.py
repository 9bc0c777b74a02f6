"""A model of the link with two readers of one channel and a publisher that deduplicates."""

from __future__ import annotations

from dataclasses import dataclass, field

from common.frames import Batch, Kind, Record
from publisher.deduplication.deduplication import Deduplication
from publisher.link.sequence import Delivery, ReceivingLink
from tests.link.model import ModelReader, TransactionalWorld, World


@dataclass
class StandbyReader(ModelReader):
    """A reader of a channel whose messages are numbered 1, 2, 3 and so on."""

    #: The channel's last message so far, whether the reader received it or not.
    last_message: int = 0
    #: The received message of each seq.
    messages: dict[int, int] = field(default_factory=dict)

    def append(self, size: int) -> None:
        """Receive the next *size* messages, and put them into the outbox."""
        for number in range(1, size + 1):
            self.messages[self.last_seq + number] = self.last_message + number
        self.last_message += size
        super().append(size)

    def held(self, up_to_seq: int) -> set[int]:
        """Return the messages up to a seq, but for those that were evicted."""
        return {
            message
            for seq, message in self.messages.items()
            if seq <= up_to_seq and seq not in self.evicted
        }


class StandbyWorld(World):
    """A World with both readers in the same channel, each at its own pace."""

    def standby_readers(self) -> list[StandbyReader]:
        """Return both readers."""
        return [reader for reader in self.readers.values() if isinstance(reader, StandbyReader)]

    def messages_in_kafka(self) -> list[int]:
        """Return the messages in the order in which Kafka wrote them."""
        messages = {reader.name: reader.messages for reader in self.standby_readers()}
        return [messages[published.reader][published.seq] for published in self.kafka]

    def _new_reader(self, name: str) -> StandbyReader:
        return StandbyReader(name)

    def _new_publisher(self) -> ReceivingLink:
        self._deduplication = Deduplication()
        for message in self.messages_in_kafka():
            self._deduplication.published[Kind.CHAT].add(_id(message))
        return super()._new_publisher()

    def _select(self, delivery: Delivery) -> None:
        (messages,) = (r.messages for r in self.standby_readers() if r.name == delivery.reader)
        records = [Record(b"71", 1, b"{}", _id(messages[seq])) for seq in delivery.seqs]
        self._deduplication.select(delivery, Batch(Kind.CHAT, records))


class TransactionalStandbyWorld(StandbyWorld, TransactionalWorld):
    """A StandbyWorld whose publisher delivers exactly once."""


def _id(message: int) -> bytes:
    return b"%d" % message
