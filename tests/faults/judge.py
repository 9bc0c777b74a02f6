"""
Compares the messages that were sent on Twitch with the records that a consumer reads from Kafka.

1. Every message that a reader has received is in Kafka. A message that may not have been received
   may be missing if a gap record covers the time when it was sent.
2. Every record is a message that was sent, and no message has two seqs.
3. Records of a reader are in the order of their seqs. Where they are not, the reader went back: it
   sent everything again from a record that Kafka had only just received.
4. Every seq of a reader, from its first on, is in the topic of messages, of gaps or of events.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from common.chat_gap import ChatGap, decode_chat_gap
from common.chat_message import decode_chat_message
from tests.topics import Record

#: A gap's ends are whole milliseconds, and so are the times of messages.
ROUNDING_MS = 1

#: A record that Kafka has had for longer than this, in seconds, is acknowledged, so its reader must
#: not send it again. An acknowledgement takes milliseconds; the rest is for a busy machine.
ACKNOWLEDGED_WITHIN_S = 20.0


@dataclass(slots=True)
class SentMessage:
    """A message that was sent on Twitch."""

    channel: str
    #: The place of the message in its channel, from 1.
    number: int
    text: str
    #: When it was sent, Unix time in milliseconds.
    sent_ms: int
    #: Whether a reader is known to have received it.
    received: bool = False


class Arrival(NamedTuple):
    """A record of the topic of messages."""

    reader: str
    seq: int
    text: str
    partition: int
    #: When Kafka received it, Unix time in milliseconds.
    appended_ms: int


class Gap(NamedTuple):
    """A record of the topic of gaps."""

    reader: str
    seq: int
    gap: ChatGap


@dataclass
class Verdict:
    """The result of the comparison."""

    #: How many messages were sent.
    sent: int = 0
    #: Messages that are missing and should not be.
    lost: list[str] = field(default_factory=list)
    #: How many missing messages are covered by a gap record.
    covered_by_gaps: int = 0
    #: Records that were published again.
    duplicated: list[str] = field(default_factory=list)
    #: Messages that were published again with another seq.
    renumbered: list[str] = field(default_factory=list)
    #: How often readers went back.
    went_back: int = 0
    gaps: int = 0
    #: Seqs that no record has.
    unused: list[str] = field(default_factory=list)
    #: All other errors, a sentence each.
    wrong: list[str] = field(default_factory=list)
    #: How many messages the readers' books have, received and dropped.
    books_received: int = 0
    dropped: int = 0
    #: Where books do not balance, a sentence each.
    unbalanced: list[str] = field(default_factory=list)
    #: What the books say otherwise than Kafka, a sentence each.
    otherwise: list[str] = field(default_factory=list)
    #: The longest time between two messages in Kafka.
    longest_silence_s: float = 0.0


def judge(
    sent: Sequence[SentMessage],
    arrivals: Sequence[Arrival],
    gaps: Sequence[Gap],
    events: Sequence[tuple[str, int]] = (),
) -> Verdict:
    """
    Return the verdict on *arrivals*, which are in order within each partition.

    *events* are the readers and seqs of the records of events.
    """
    verdict = Verdict(sent=len(sent), gaps=len({(gap.reader, gap.seq) for gap in gaps}))
    _check_missing(sent, arrivals, gaps, verdict)
    _check_identity(sent, arrivals, verdict)
    _check_channel_order(sent, arrivals, verdict)
    readers = _by_reader(arrivals)
    for reader, own in readers.items():
        _check_reader_order(reader, own, verdict)
    _check_unused_seqs(readers, gaps, events, verdict)
    times = sorted(arrival.appended_ms for arrival in arrivals)
    verdict.longest_silence_s = max((b - a for a, b in pairwise(times)), default=0) / 1000
    return verdict


def arrivals_of(records: Iterable[Record]) -> list[Arrival]:
    """Return the messages in *records*, whose timestamps must be Kafka's (LogAppendTime)."""
    return [
        Arrival(
            reader=record.headers["reader"].decode(),
            seq=int(record.headers["seq"]),
            text=decode_chat_message(record.value).message,
            partition=record.partition,
            appended_ms=record.timestamp,
        )
        for record in records
    ]


def gaps_of(records: Iterable[Record]) -> list[Gap]:
    """Return the gaps in *records*."""
    return [
        Gap(
            record.headers["reader"].decode(),
            int(record.headers["seq"]),
            decode_chat_gap(record.value),
        )
        for record in records
    ]


def numbers_of(records: Iterable[Record]) -> list[tuple[str, int]]:
    """Return the reader and the seq of each of *records*."""
    return [(record.headers["reader"].decode(), int(record.headers["seq"])) for record in records]


def _check_missing(
    sent: Sequence[SentMessage], arrivals: Sequence[Arrival], gaps: Sequence[Gap], verdict: Verdict
) -> None:
    arrived = {arrival.text for arrival in arrivals}
    spans = defaultdict(list)
    for _, _, gap in gaps:
        spans[gap.channel].append((gap.from_ms - ROUNDING_MS, gap.to_ms + ROUNDING_MS))
    for message in sent:
        if message.text in arrived:
            continue
        if message.received:
            verdict.lost.append(f"{_name(message)} was received and is not in Kafka")
        elif any(start <= message.sent_ms <= end for start, end in spans[message.channel]):
            verdict.covered_by_gaps += 1
        else:
            verdict.lost.append(
                f"{_name(message)}, sent at {message.sent_ms}, is neither in Kafka nor in a gap"
            )


def _check_identity(
    sent: Sequence[SentMessage], arrivals: Sequence[Arrival], verdict: Verdict
) -> None:
    channels = {message.text: message.channel for message in sent}
    seqs: dict[str, tuple[str, int]] = {}
    texts: dict[tuple[str, int], str] = {}
    for arrival in arrivals:
        at = (arrival.reader, arrival.seq)
        name = f"{arrival.text[:30]!r} ({arrival.reader}, seq {arrival.seq})"
        if channels.get(arrival.text) != arrival.reader.partition("/")[0]:
            verdict.wrong.append(f"{name} was never sent in that channel")
        if seqs.setdefault(arrival.text, at) != at:
            verdict.duplicated.append(name)
            verdict.renumbered.append(f"{name} was {' '.join(map(str, seqs[arrival.text]))}")
        if texts.setdefault(at, arrival.text) != arrival.text:
            verdict.wrong.append(f"{name} has the seq of {texts[at][:30]!r}")


def _check_channel_order(
    sent: Sequence[SentMessage], arrivals: Sequence[Arrival], verdict: Verdict
) -> None:
    messages = {message.text: message for message in sent}
    seen = set()
    newest: dict[str, SentMessage] = {}
    for arrival in arrivals:
        message = messages.get(arrival.text)
        if message is None or message.text in seen:
            continue
        seen.add(message.text)
        before = newest.get(message.channel)
        if before and before.number > message.number:
            verdict.wrong.append(f"{_name(message)} comes after {_name(before)}")
        else:
            newest[message.channel] = message


def _check_reader_order(reader: str, own: Sequence[Arrival], verdict: Verdict) -> None:
    """Check that each record of a reader is followed by the next or by an earlier one."""
    partitions = {arrival.partition for arrival in own}
    if len(partitions) > 1:
        verdict.wrong.append(f"{reader} is in the partitions {sorted(partitions)}")
    first: dict[int, Arrival] = {}
    for arrival in own:
        first.setdefault(arrival.seq, arrival)
    following = dict(pairwise(sorted(first)))
    last_start = own[0].seq
    for before, arrival in pairwise(own):
        if arrival.seq == following.get(before.seq):
            continue
        if arrival.seq > before.seq or arrival.seq < last_start:
            verdict.wrong.append(f"{reader}: seq {arrival.seq} comes after seq {before.seq}")
        verdict.went_back += 1
        last_start = arrival.seq
        age_s = (before.appended_ms - first[arrival.seq].appended_ms) / 1000
        if age_s > ACKNOWLEDGED_WITHIN_S:
            verdict.wrong.append(
                f"{reader} went back to seq {arrival.seq}, which Kafka had had for {age_s:.1f} s"
            )
    if own[-1].seq != max(first):
        verdict.wrong.append(f"{reader} went back, and did not continue to its last record")
    verdict.duplicated += [
        f"{reader}, seq {arrival.seq}" for arrival in own if first[arrival.seq] is not arrival
    ]


def _check_unused_seqs(
    readers: dict[str, list[Arrival]],
    gaps: Sequence[Gap],
    events: Sequence[tuple[str, int]],
    verdict: Verdict,
) -> None:
    seqs = {reader: {arrival.seq for arrival in own} for reader, own in readers.items()}
    for reader, seq in [*((gap.reader, gap.seq) for gap in gaps), *events]:
        seqs.setdefault(reader, set()).add(seq)
    for reader, used in seqs.items():
        unused = sorted(set(range(min(used), max(used))) - used)
        verdict.unused += [f"{reader}, seq {seq}" for seq in unused]


def _by_reader(arrivals: Iterable[Arrival]) -> dict[str, list[Arrival]]:
    readers: dict[str, list[Arrival]] = {}
    for arrival in arrivals:
        readers.setdefault(arrival.reader, []).append(arrival)
    return readers


def _name(message: SentMessage) -> str:
    return f"#{message.channel} {message.number}"
