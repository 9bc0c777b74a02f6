"""
The judge: compares what was said on Twitch with what a consumer reads from Kafka.

1. What a reader has heard must be there. What nobody is known to have heard may be missing, if a
   gap record tells of the time when it was said.
2. Nothing is there that was not said, and nothing under two numbers.
3. Records of a reader lie in the order of their numbers. Where they do not, the reader went back:
   it sent again everything from some record on, that Kafka had only just got.
4. Every number of a reader is there, from its first on, in the topic of the messages or in that of
   the gaps.
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

#: What Kafka has had for longer than this, in seconds, its reader knows to be there, and does not
#: send again. An acknowledgement takes milliseconds; the rest is for a machine with much to do.
ACKNOWLEDGED_WITHIN_S = 5.0


@dataclass(slots=True)
class Saying:
    """A message that was said on Twitch."""

    channel: str
    #: Counts the messages of the channel.
    number: int
    text: str
    #: When it was said, Unix time in milliseconds.
    sent_ms: int
    #: Whether a reader is known to have heard it.
    heard: bool = False


class Arrival(NamedTuple):
    """A record of the topic of messages."""

    reader: str
    seq: int
    text: str
    partition: int
    #: When Kafka got it, Unix time in milliseconds.
    appended_ms: int


class Gap(NamedTuple):
    """A record of the topic of gaps."""

    reader: str
    seq: int
    gap: ChatGap


@dataclass
class Verdict:
    """What the comparison has shown."""

    #: Messages said.
    said: int = 0
    #: Those that are missing and should not be.
    lost: list[str] = field(default_factory=list)
    #: How many are missing, but are told of by a gap record.
    told: int = 0
    #: Records that came again.
    duplicated: list[str] = field(default_factory=list)
    #: Those of them that have another number than the first time.
    renumbered: list[str] = field(default_factory=list)
    #: How often a reader went back.
    goings_back: int = 0
    gaps: int = 0
    #: Numbers that no record has.
    unused: list[str] = field(default_factory=list)
    #: Whatever else is not as it should be, a sentence each.
    wrong: list[str] = field(default_factory=list)
    #: The longest time in which Kafka got nothing, between its first message and its last.
    longest_silence_s: float = 0.0


def judge(said: Sequence[Saying], arrivals: Sequence[Arrival], gaps: Sequence[Gap]) -> Verdict:
    """Return the verdict on *arrivals*, those of each partition in its order."""
    verdict = Verdict(said=len(said), gaps=len({(gap.reader, gap.seq) for gap in gaps}))
    _look_for_the_missing(said, arrivals, gaps, verdict)
    _look_for_inventions(said, arrivals, verdict)
    _look_at_each_channel(said, arrivals, verdict)
    readers = _by_reader(arrivals)
    for reader, own in readers.items():
        _look_at_the_order(reader, own, verdict)
    _look_for_holes(readers, gaps, verdict)
    times = sorted(arrival.appended_ms for arrival in arrivals)
    verdict.longest_silence_s = max((b - a for a, b in pairwise(times)), default=0) / 1000
    return verdict


def arrivals_of(records: Iterable[Record]) -> list[Arrival]:
    """Return the messages in *records*, whose timestamps have to be Kafka's own."""
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


def _look_for_the_missing(
    said: Sequence[Saying], arrivals: Sequence[Arrival], gaps: Sequence[Gap], verdict: Verdict
) -> None:
    arrived = {arrival.text for arrival in arrivals}
    spans = defaultdict(list)
    for _, _, gap in gaps:
        spans[gap.channel].append((gap.from_ms - ROUNDING_MS, gap.to_ms + ROUNDING_MS))
    for saying in said:
        if saying.text in arrived:
            continue
        if saying.heard:
            verdict.lost.append(f"{_name(saying)} was heard and is not there")
        elif any(start <= saying.sent_ms <= end for start, end in spans[saying.channel]):
            verdict.told += 1
        else:
            verdict.lost.append(
                f"{_name(saying)}, said at {saying.sent_ms}, is neither there nor in a gap"
            )


def _look_for_inventions(
    said: Sequence[Saying], arrivals: Sequence[Arrival], verdict: Verdict
) -> None:
    channels = {saying.text: saying.channel for saying in said}
    numbers: dict[str, tuple[str, int]] = {}
    texts: dict[tuple[str, int], str] = {}
    for arrival in arrivals:
        at = (arrival.reader, arrival.seq)
        name = f"{arrival.text[:30]!r} ({arrival.reader}, seq {arrival.seq})"
        if channels.get(arrival.text) != arrival.reader.partition("/")[0]:
            verdict.wrong.append(f"{name} was never said in that channel")
        if numbers.setdefault(arrival.text, at) != at:
            verdict.duplicated.append(name)
            verdict.renumbered.append(f"{name} was {' '.join(map(str, numbers[arrival.text]))}")
        if texts.setdefault(at, arrival.text) != arrival.text:
            verdict.wrong.append(f"{name} has the number of {texts[at][:30]!r}")


def _look_at_each_channel(
    said: Sequence[Saying], arrivals: Sequence[Arrival], verdict: Verdict
) -> None:
    sayings = {saying.text: saying for saying in said}
    seen = set()
    newest: dict[str, Saying] = {}
    for arrival in arrivals:
        saying = sayings.get(arrival.text)
        if saying is None or saying.text in seen:
            continue
        seen.add(saying.text)
        before = newest.get(saying.channel)
        if before and before.number > saying.number:
            verdict.wrong.append(f"{_name(saying)} comes after {_name(before)}")
        else:
            newest[saying.channel] = saying


def _look_at_the_order(reader: str, own: Sequence[Arrival], verdict: Verdict) -> None:
    """Look whether each record of a reader is followed by the next, or by one to go back to."""
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
        verdict.goings_back += 1
        last_start = arrival.seq
        age_s = (before.appended_ms - first[arrival.seq].appended_ms) / 1000
        if age_s > ACKNOWLEDGED_WITHIN_S:
            verdict.wrong.append(
                f"{reader} went back to seq {arrival.seq}, which Kafka had had for {age_s:.1f} s"
            )
    if own[-1].seq != max(first):
        verdict.wrong.append(f"{reader} went back, and not on to the end")
    verdict.duplicated += [
        f"{reader}, seq {arrival.seq}" for arrival in own if first[arrival.seq] is not arrival
    ]


def _look_for_holes(
    readers: dict[str, list[Arrival]], gaps: Sequence[Gap], verdict: Verdict
) -> None:
    numbers = {reader: {arrival.seq for arrival in own} for reader, own in readers.items()}
    for gap in gaps:
        numbers.setdefault(gap.reader, set()).add(gap.seq)
    for reader, used in numbers.items():
        unused = sorted(set(range(min(used), max(used))) - used)
        verdict.unused += [f"{reader}, seq {seq}" for seq in unused]


def _by_reader(arrivals: Iterable[Arrival]) -> dict[str, list[Arrival]]:
    readers: dict[str, list[Arrival]] = {}
    for arrival in arrivals:
        readers.setdefault(arrival.reader, []).append(arrival)
    return readers


def _name(saying: Saying) -> str:
    return f"#{saying.channel} {saying.number}"
