"""
Compares the messages that were sent on Twitch with the records that a consumer reads from Kafka.

1. Every message that a reader has received is in Kafka. A message that may not have been received
   may be missing if a gap record covers the time when it was sent.
2. Every record is a message that was sent, with its id, and no message has two seqs.
3. Records of a reader are in the order of their seqs. Where they are not, the reader went back: it
   sent everything again from a record that Kafka had only just received.
4. Every seq of a reader, from its first on, is in the topic of messages, of gaps or of events.
5. All that holds for announcements in the topic of events, too. By the seqs, an announcement comes
   after its message, and before the next message.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from tests.faults.records import Arrival, Gap, SentMessage, numbers_of

#: A gap's ends are whole milliseconds, and so are the times of messages.
ROUNDING_MS = 1

#: A record that Kafka has had for longer than this, in seconds, is acknowledged, so its reader must
#: not send it again. An acknowledgement takes milliseconds; the rest is for a busy machine.
ACKNOWLEDGED_WITHIN_S = 20.0


@dataclass
class TopicVerdict:
    """The result of the comparison with one topic: of messages, or of announcements as events."""

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
    #: All other errors, a sentence each.
    wrong: list[str] = field(default_factory=list)


@dataclass
class Verdict(TopicVerdict):
    """The result of the comparison: that with the topic of messages, and what goes beyond it."""

    events: TopicVerdict = field(default_factory=TopicVerdict)
    gaps: int = 0
    #: Seqs that no record has.
    unused: list[str] = field(default_factory=list)
    #: How many messages and events the readers' books have, received and dropped.
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
    events: Sequence[Arrival] = (),
) -> Verdict:
    """Return the verdict on *arrivals* and *events*, which are in order within each partition."""
    verdict = Verdict(gaps=len({(gap.reader, gap.seq) for gap in gaps}))
    _judge_topic(sent, arrivals, gaps, verdict)
    announcements = [message for message in sent if message.is_announcement]
    _judge_topic(announcements, events, gaps, verdict.events)
    _check_common_order(sent, arrivals, events, verdict)
    _check_unused_seqs(numbers_of(arrivals) | numbers_of(events) | numbers_of(gaps), verdict)
    times = sorted(arrival.appended_ms for arrival in arrivals)
    verdict.longest_silence_s = max((b - a for a, b in pairwise(times)), default=0) / 1000
    return verdict


def _judge_topic(
    sent: Sequence[SentMessage],
    arrivals: Sequence[Arrival],
    gaps: Sequence[Gap],
    verdict: TopicVerdict,
) -> None:
    verdict.sent = len(sent)
    _check_missing(sent, arrivals, gaps, verdict)
    _check_identity(sent, arrivals, verdict)
    _check_channel_order(sent, arrivals, verdict)
    for reader, own in _by_reader(arrivals).items():
        _check_reader_order(reader, own, verdict)


def _check_missing(
    sent: Sequence[SentMessage],
    arrivals: Sequence[Arrival],
    gaps: Sequence[Gap],
    verdict: TopicVerdict,
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
    sent: Sequence[SentMessage], arrivals: Sequence[Arrival], verdict: TopicVerdict
) -> None:
    messages = {message.text: message for message in sent}
    seqs: dict[str, tuple[str, int]] = {}
    texts: dict[tuple[str, int], str] = {}
    for arrival in arrivals:
        if arrival.is_settings:
            continue
        at = (arrival.reader, arrival.seq)
        name = f"{arrival.text[:30]!r} ({arrival.reader}, seq {arrival.seq})"
        message = messages.get(arrival.text)
        if message is None or message.channel != arrival.reader.partition("/")[0]:
            verdict.wrong.append(f"{name} was never sent in that channel")
        elif message.id != arrival.id:
            verdict.wrong.append(f"{name} has the id {arrival.id!r}, not {message.id!r}")
        if seqs.setdefault(arrival.text, at) != at:
            verdict.duplicated.append(name)
            verdict.renumbered.append(f"{name} was {' '.join(map(str, seqs[arrival.text]))}")
        if texts.setdefault(at, arrival.text) != arrival.text:
            verdict.wrong.append(f"{name} has the seq of {texts[at][:30]!r}")


def _check_channel_order(
    sent: Sequence[SentMessage], arrivals: Sequence[Arrival], verdict: TopicVerdict
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


def _check_reader_order(reader: str, own: Sequence[Arrival], verdict: TopicVerdict) -> None:
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


def _check_common_order(
    sent: Sequence[SentMessage],
    arrivals: Sequence[Arrival],
    events: Sequence[Arrival],
    verdict: Verdict,
) -> None:
    """Check that by its seqs a reader's messages and events are as sent, the message first."""
    numbers = {message.text: message.number for message in sent}
    places = {
        (arrival.reader, arrival.seq, (numbers[arrival.text], is_event))
        for is_event, records in ((False, arrivals), (True, events))
        for arrival in records
        if arrival.text in numbers
    }
    for (reader, seq, before), (next_reader, next_seq, after) in pairwise(sorted(places)):
        if reader == next_reader and (seq == next_seq or after < before):
            names = [("event " if event else "message ") + str(n) for n, event in (after, before)]
            verdict.wrong.append(
                f"{reader}: {names[0]} has seq {next_seq}, {names[1]} has seq {seq}"
            )


def _check_unused_seqs(numbers: Iterable[tuple[str, int]], verdict: Verdict) -> None:
    seqs = defaultdict(set)
    for reader, seq in numbers:
        seqs[reader].add(seq)
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
