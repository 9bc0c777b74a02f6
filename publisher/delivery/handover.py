"""A batch that is being produced: what the producer has of it, and what the headers say."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping

from confluent_kafka import KafkaError, Message

from common.frames import Batch, Kind
from common.settings import Settings
from publisher.link.sequence import Delivery
from publisher.oldest_taken import TakenSecond

#: The headers of a record, as confluent_kafka takes them.
Headers = list[tuple[str, str | bytes | None]]

#: The header that tells a record's id.
ID_HEADER = "id"

#: Nearly all batches have no dead letters, and share this.
_NONE: Mapping[str, int] = {}


def wants_ids(settings: Settings) -> bool:
    """Return whether the records' ids are to be in their headers."""
    # Deduplication reads them back.
    return settings.kafka_header_id or settings.deduplicate


class Handover:
    """The records of *delivery* that are to be written to *topic*: those of *batch*."""

    __slots__ = (
        "_given",
        "_reader_header",
        "_with_ids",
        "count",
        "delivery",
        "kind",
        "next_index",
        "records",
        "second",
        "taken_s",
        "topic",
    )

    def __init__(self, delivery: Delivery, topic: str, batch: Batch, *, with_ids: bool) -> None:
        """*with_ids* adds the records' ids to their headers."""
        self.delivery = delivery
        self.topic = topic
        self.kind: Kind = batch.kind
        #: Number of records in the batch, including those that are left out.
        self.count = delivery.count
        #: When it was taken, in seconds of a monotonic clock.
        self.taken_s = time.monotonic()
        self.second: TakenSecond | None = None
        #: Kept to the end: librdkafka returns a failed record without its headers.
        self.records = batch.records
        #: Index of the first record that the producer does not have.
        self.next_index = 0
        self._reader_header = ("reader", delivery.reader.encode())
        self._given: set[int] = set()
        self._with_ids = with_ids

    def headers_from(self, first: int) -> Iterator[Headers]:
        """
        Yield the headers of the record at index *first*, then of each one after it.

        They are its `reader`, its `seq` in decimal digits, and its `id` if it has one and ids are
        wanted. A record that is written twice, after a crash, has the same headers both times.
        """
        # This runs for each message. A call for each, or the seq as bytes, would take 1.5 times as
        # long.
        reader, with_ids = self._reader_header, self._with_ids
        for seq, record in zip(self.delivery.seqs[first:], self.records[first:], strict=True):
            if with_ids and (record_id := record.id):
                yield [reader, ("seq", f"{seq}"), (ID_HEADER, record_id)]
            else:
                yield [reader, ("seq", f"{seq}")]

    def headers(self, index: int) -> Headers:
        """Return the headers of the record at *index*."""
        return next(self.headers_from(index))

    def begin_again(self) -> None:
        """Start again with the first record: what was handed over was aborted."""
        self.next_index = 0
        self._given.clear()

    def index_of(self, message: Message) -> int:
        """Return the index of *message* in the batch. Equal records are assigned one by one."""
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

    *on_confirmed* is called once Kafka has confirmed all records. *on_refused* is called with the
    index of a refused record and the error; `confirm_one` has to be called for it later.
    """

    __slots__ = ("_on_confirmed", "_on_refused", "dead_letters", "unconfirmed")

    def __init__(
        self,
        delivery: Delivery,
        topic: str,
        batch: Batch,
        *,
        on_confirmed: Callable[[CountedHandover], None],
        on_refused: Callable[[CountedHandover, int, KafkaError], None],
        with_ids: bool,
    ) -> None:
        super().__init__(delivery, topic, batch, with_ids=with_ids)
        self.unconfirmed = len(batch.records)
        #: How many of its dead letters Kafka has confirmed, by librdkafka's name of the error.
        self.dead_letters: Mapping[str, int] = _NONE
        self._on_confirmed = on_confirmed
        self._on_refused = on_refused

    def delivered(self, error: KafkaError | None, message: Message) -> None:
        """Handle the producer's report about one record of the batch."""
        if error is not None:
            self._on_refused(self, self.index_of(message), error)
            return
        self.unconfirmed -= 1
        if not self.unconfirmed:
            self._on_confirmed(self)

    def confirm_one(self, error: KafkaError | None) -> None:
        """Note that Kafka has confirmed a refused record, or its dead letter because of *error*."""
        if error is not None:
            self.dead_letters = Counter(self.dead_letters) + Counter([error.name()])
        self.unconfirmed -= 1
        if not self.unconfirmed:
            self._on_confirmed(self)
