"""The span of what is lost is never too short."""

from __future__ import annotations

from common.chat_gap import ChatGap, GapReason, decode_chat_gap
from common.frames import Batch, Kind, Record, encode_frame
from readers.outbox.gap_batch import gap_batch
from readers.outbox.lost_spans import LostSpans


def gaps_of(*batches: Batch) -> list[ChatGap]:
    """Return the gaps that replace *batches*."""
    lost = LostSpans("xqc")
    for batch in batches:
        lost.add(encode_frame(batch))
    return [decode_chat_gap(record.value) for record in lost.gap_batch().records]


def chat(*timestamps: int, key: bytes = b"71") -> Batch:
    """Return a batch of chat."""
    return Batch(Kind.CHAT, [Record(key, timestamp, b"x") for timestamp in timestamps])


def overflowed(from_ms: int, to_ms: int, channel_id: str = "71") -> ChatGap:
    """Return the gap of an eviction."""
    return ChatGap(channel_id, "xqc", from_ms, to_ms, GapReason.OVERFLOWED)


def test_records_may_be_in_any_order_of_time() -> None:
    """Within a batch and among batches."""
    assert gaps_of(chat(5000, 1000, 9000, 6000)) == [overflowed(1000, 9000)]
    assert gaps_of(chat(5000), chat(9000, 2), chat(7000)) == [overflowed(2, 9000)]


def test_a_lost_gap_record_counts_with_its_whole_span() -> None:
    """Wherever it is."""
    lost_gap = gap_batch(ChatGap("71", "xqc", 10, 80, GapReason.DISCONNECTED))
    assert gaps_of(chat(50), lost_gap, chat(60)) == [overflowed(10, 80)]
    assert gaps_of(lost_gap) == [overflowed(10, 80)]


def test_each_channel_id_has_a_gap_of_its_own() -> None:
    """A channel's name may pass to another account. Its id is the key of the records."""
    lost_gap = gap_batch(
        ChatGap("72", "xqc", 30, 40, GapReason.RESTARTED),
        ChatGap("71", "xqc", 1, 2, GapReason.DROPPED),
    )
    found = gaps_of(chat(10, 20), chat(15, 35, key=b"72"), lost_gap)
    assert found == [overflowed(1, 20), overflowed(15, 40, "72")]


def test_chat_messages_are_counted() -> None:
    """Gap records are not messages."""
    lost = LostSpans("xqc")
    lost.add(encode_frame(chat(1, 2, 3)))
    lost.add(encode_frame(gap_batch(overflowed(1, 2))))
    assert lost.messages == 3


def test_events_count_like_messages() -> None:
    """Their times are inside the span."""
    lost = LostSpans("xqc")
    lost.add(encode_frame(chat(5000)))
    event = Batch(Kind.EVENT, [Record(b"71", time_ms, b"{}") for time_ms in (1000, 9000)])
    lost.add(encode_frame(event))
    assert (lost.messages, lost.gaps) == (3, 0)
    (record,) = lost.gap_batch().records
    assert decode_chat_gap(record.value) == overflowed(1000, 9000)
