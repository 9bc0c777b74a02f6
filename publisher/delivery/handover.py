"""A batch on its way to Kafka: how far the producer has got with it, and which record is which."""

from __future__ import annotations

from collections.abc import Callable

from confluent_kafka import KafkaError, Message

from common.frames import Record
from publisher.link.sequence import Delivery

#: The headers of a record, as confluent_kafka takes them.
Headers = list[tuple[str, str | bytes | None]]

#: The header that tells a record's id.
ID_HEADER = "id"


class Handover:
    """The batch of *delivery*, on its way to *topic*."""

    __slots__ = ("_given", "_reader_header", "delivery", "next_index", "records", "topic")

    def __init__(self, delivery: Delivery, topic: str, records: list[Record]) -> None:
        self.delivery = delivery
        self.topic = topic
        #: Kept to the end: librdkafka gives a record that failed back without its headers.
        self.records = records
        #: Index of the first record that the producer has not got.
        self.next_index = 0
        self._reader_header = ("reader", delivery.reader.encode())
        self._given: set[int] = set()

    def headers(self, index: int) -> Headers:
        """
        Return the headers of the record at *index*: its reader, its seq in decimal digits, and its
        id if that is to be told.

        A record that comes twice, after a crash, has the same again.
        """
        delivery = self.delivery
        if not delivery.with_ids:
            # The same as below, but this is done for each message, and a sum is fast.
            return [self._reader_header, ("seq", b"%d" % (delivery.first_seq + index))]
        headers: Headers = [self._reader_header, ("seq", b"%d" % delivery.seqs[index])]
        if record_id := self.records[index].id:
            headers.append((ID_HEADER, record_id))
        return headers

    def begin_again(self) -> None:
        """Note that nothing of what was handed over counts."""
        self.next_index = 0
        self._given.clear()

    def index_of(self, message: Message) -> int:
        """Return the index of the record that *message* is; equal ones are given one by one."""
        key, value = message.key() or b"", message.value() or b""
        same = [
            index
            for index, record in enumerate(self.records)
            if record.value == value and record.key == key
        ]
        index = next((index for index in same if index not in self._given), same[0])
        self._given.add(index)
        return index


class CountedHandover(Handover):
    """
    A batch whose records Kafka confirms one by one.

    *on_confirmed* is called once Kafka has all records. *on_refused* is called with the index of a
    record that it does not take, and the error; `confirm_one` is then to be called for it later.
    """

    __slots__ = ("_on_confirmed", "_on_refused", "unconfirmed")

    def __init__(
        self,
        delivery: Delivery,
        topic: str,
        records: list[Record],
        *,
        on_confirmed: Callable[[CountedHandover], None],
        on_refused: Callable[[CountedHandover, int, KafkaError], None],
    ) -> None:
        super().__init__(delivery, topic, records)
        self.unconfirmed = len(records)
        self._on_confirmed = on_confirmed
        self._on_refused = on_refused

    def delivered(self, error: KafkaError | None, message: Message) -> None:
        """Take what the producer reports about one record of the batch."""
        if error is not None:
            self._on_refused(self, self.index_of(message), error)
            return
        self.unconfirmed -= 1
        if not self.unconfirmed:
            self._on_confirmed(self)

    def confirm_one(self) -> None:
        """Note that one of the refused records has found a place after all."""
        self.unconfirmed -= 1
        if not self.unconfirmed:
            self._on_confirmed(self)
