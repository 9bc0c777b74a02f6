"""Which records of a batch are published where several readers read a channel."""

from __future__ import annotations

import pytest

from common.chat_gap import ChatGap, GapReason, decode_chat_gap, encode_chat_gap
from common.frames import Batch, Envelope, Kind, Presence, Record
from publisher.deduplication.deduplication import (
    REMEMBERED_EVENT_IDS,
    REMEMBERED_IDS,
    Deduplication,
)
from publisher.link.sequence import Delivery, Position, ReceivingLink

ANN = "xqc/ann"
BOB = "xqc/bob"


class Publisher:
    """A publisher's sessions and deduplication, without sockets and Kafka."""

    def __init__(self) -> None:
        self.left_out = 0
        self.deduplication = Deduplication()
        self.begin_session()

    def begin_session(self) -> None:
        self.link = ReceivingLink(7)
        self.deduplication.begin_session()
        self._next_seq = {ANN: 1, BOB: 1}

    def take(self, reader: str, batch: Batch) -> tuple[Delivery, list[Record]]:
        """Accept the next batch of *reader*; return its delivery and the records to publish."""
        seq = self._next_seq[reader]
        self._next_seq[reader] += len(batch.records)
        delivery = self.link.accept(Envelope(reader, 7, seq, 1), len(batch.records))
        assert isinstance(delivery, Delivery)
        selected = self.deduplication.select(delivery, batch)
        assert selected.kind == batch.kind
        self.left_out += len(batch.records) - len(selected.records)
        return delivery, selected.records

    def take_chat(self, reader: str, *ids: str) -> tuple[Delivery, list[str]]:
        """Accept a batch of messages with these *ids*; return the ids to publish."""
        delivery, selected = self.take(reader, chat(*ids))
        return delivery, [record.id.decode() for record in selected]


def chat(*ids: str, kind: Kind = Kind.CHAT) -> Batch:
    return Batch(
        kind,
        [Record(b"71", number, b"{}", name.encode()) for number, name in enumerate(ids, 1)],
    )


@pytest.fixture
def publisher() -> Publisher:
    return Publisher()


def test_a_message_that_kafka_has_confirmed_is_left_out(publisher: Publisher) -> None:
    """The other messages keep their seqs."""
    first, _ = publisher.take_chat(ANN, "a", "b")
    first.confirm()

    copy, selected = publisher.take_chat(BOB, "a", "b", "c", "b", "d")

    assert selected == ["c", "d"]
    assert list(copy.seqs) == [3, 5]
    assert publisher.left_out == 3

    publisher.take_chat(BOB, "a")
    assert publisher.left_out == 4


def test_a_copy_is_acknowledged_only_after_its_original_is_confirmed(publisher: Publisher) -> None:
    """Its own confirmation is not enough: the other reader's host may be lost before."""
    original, _ = publisher.take_chat(ANN, "a", "b")
    copy, selected = publisher.take_chat(BOB, "b", "c")
    assert selected == ["c"]

    copy.confirm()
    assert publisher.link.take_acknowledgements() == {}
    original.confirm()
    assert publisher.link.take_acknowledgements() == {ANN: Position(2), BOB: Position(2)}


def test_a_copy_of_several_batches_waits_for_all_of_them(publisher: Publisher) -> None:
    """The order of the confirmations does not matter."""
    first, _ = publisher.take_chat(ANN, "a")
    second, _ = publisher.take_chat(ANN, "b")
    copy, selected = publisher.take_chat(BOB, "a", "b")
    assert selected == []

    copy.confirm()
    second.confirm()
    assert publisher.link.take_acknowledgements() == {}
    first.confirm()
    assert publisher.link.take_acknowledgements() == {ANN: Position(2), BOB: Position(2)}


def test_a_batch_does_not_wait_for_itself(publisher: Publisher) -> None:
    """A message that is in the batch twice is published once."""
    delivery, selected = publisher.take_chat(ANN, "a", "b", "a")
    assert selected == ["a", "b"]

    delivery.confirm()

    assert publisher.link.take_acknowledgements() == {ANN: Position(3)}


def test_records_without_an_id_are_all_published(publisher: Publisher) -> None:
    """Without an id, copies cannot be recognised."""
    for reader in (ANN, BOB):
        delivery, selected = publisher.take_chat(reader, "", "")
        delivery.confirm()
        assert selected == ["", ""]


def test_a_message_that_was_not_confirmed_is_published_in_the_next_session(
    publisher: Publisher,
) -> None:
    """The message may come from the other reader."""
    confirmed, _ = publisher.take_chat(ANN, "a")
    publisher.take_chat(ANN, "b")
    confirmed.confirm()

    publisher.begin_session()

    assert publisher.take_chat(BOB, "a", "b")[1] == ["b"]


def test_a_confirmation_that_arrives_after_its_session_counts(publisher: Publisher) -> None:
    """It does not affect the same message in flight in the next session."""
    late, _ = publisher.take_chat(ANN, "a")
    publisher.begin_session()
    original, selected = publisher.take_chat(BOB, "a")
    assert selected == ["a"]

    late.confirm()

    assert publisher.take_chat(ANN, "a")[1] == []
    original.confirm()
    assert publisher.take_chat(ANN, "a")[1] == []


def test_a_message_and_an_event_of_the_same_id_are_both_published(publisher: Publisher) -> None:
    """An announcement is both. Copies of each are left out, in flight and afterwards."""
    message, _ = publisher.take_chat(ANN, "a")
    event, selected = publisher.take(ANN, chat("a", kind=Kind.EVENT))
    assert len(selected) == 1

    copy, selected = publisher.take(BOB, chat("a", "b", kind=Kind.EVENT))
    assert [record.id for record in selected] == [b"b"]
    copy.confirm()
    message.confirm()
    assert publisher.link.take_acknowledgements() == {ANN: Position(1)}
    event.confirm()
    assert publisher.link.take_acknowledgements() == {ANN: Position(2), BOB: Position(2)}
    assert publisher.take(BOB, chat("a", kind=Kind.EVENT))[1] == []
    assert publisher.take_chat(BOB, "b")[1] == ["b"]


def test_messages_do_not_make_events_forgotten() -> None:
    """There are far more of them. Each kind has as many ids as it may keep."""
    publisher = Publisher()
    event, _ = publisher.take(ANN, chat("event", kind=Kind.EVENT))
    event.confirm()
    for number in range(REMEMBERED_EVENT_IDS + 1):
        publisher.deduplication.published[Kind.CHAT].add(b"%d" % number)

    assert publisher.take(BOB, chat("event", kind=Kind.EVENT))[1] == []
    limits = {kind: ids.limit for kind, ids in publisher.deduplication.published.items()}
    assert limits == {Kind.CHAT: REMEMBERED_IDS, Kind.EVENT: REMEMBERED_EVENT_IDS}


def gap(from_ms: int, to_ms: int, reason: GapReason = GapReason.DISCONNECTED) -> Batch:
    value = encode_chat_gap(ChatGap("71", "xqc", from_ms, to_ms, reason))
    return Batch(Kind.GAP, [Record(b"71", to_ms, value)])


def test_a_gap_in_which_another_reader_was_present_is_left_out(publisher: Publisher) -> None:
    """The gap is counted, and its batch, now empty, can be confirmed."""
    publisher.deduplication.note_presence(Presence(BOB, "71", 50, 250))

    delivery, selected = publisher.take(ANN, gap(100, 200))
    delivery.confirm()

    assert selected == []
    assert publisher.left_out == 1
    assert publisher.link.take_acknowledgements() == {ANN: Position(1)}


def test_a_gap_is_cut_to_the_time_without_another_reader(publisher: Publisher) -> None:
    """Nothing else in the record changes."""
    publisher.deduplication.note_presence(Presence(BOB, "71", 50, 150))

    _, [record] = publisher.take(ANN, gap(100, 200))

    assert decode_chat_gap(record.value) == ChatGap("71", "xqc", 151, 200, GapReason.DISCONNECTED)
    assert (record.key, record.timestamp) == (b"71", 200)
    assert publisher.left_out == 0

    _, [record] = publisher.take(ANN, gap(10, 100))
    assert decode_chat_gap(record.value) == ChatGap("71", "xqc", 10, 49, GapReason.DISCONNECTED)


def test_a_readers_own_presence_leaves_its_gaps_as_they_are(publisher: Publisher) -> None:
    """Only another reader can have the messages."""
    publisher.deduplication.note_presence(Presence(ANN, "71", 50, 250))
    batch = gap(100, 200)

    assert publisher.take(ANN, batch)[1] == batch.records


def test_gaps_that_remain_keep_their_seqs(publisher: Publisher) -> None:
    """Each one that is left out is counted, in all batches together."""
    publisher.deduplication.note_presence(Presence(BOB, "71", 50, 250))
    for _ in range(2):
        publisher.take(ANN, gap(100, 200))
    covered, other = gap(100, 200).records, gap(300, 400).records

    delivery, selected = publisher.take(ANN, Batch(Kind.GAP, covered + other))

    assert selected == other
    assert delivery.seqs == [4]
    assert publisher.left_out == 3


@pytest.mark.parametrize("reason", [GapReason.OVERFLOWED, GapReason.DAMAGED])
def test_a_gap_of_messages_that_were_received_is_published_whole(
    publisher: Publisher, reason: GapReason
) -> None:
    """Being in the channel does not prove that the other reader stored the messages."""
    publisher.deduplication.note_presence(Presence(BOB, "71", 50, 250))
    batch = gap(100, 200, reason)

    assert publisher.take(ANN, batch)[1] == batch.records


def test_a_gap_record_that_cannot_be_decoded_is_published_whole(publisher: Publisher) -> None:
    """It may come from a newer reader."""
    batch = Batch(Kind.GAP, [Record(b"71", 1, b"\xff")])

    assert publisher.take(ANN, batch)[1] == batch.records
