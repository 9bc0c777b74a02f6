"""Messages as sent and records as read, for tests of the judge."""

from __future__ import annotations

from common.chat_gap import ChatGap, GapReason
from tests.faults.judge import Verdict
from tests.faults.records import Arrival, Gap, SentMessage
from tests.faults.report import Allowed, problems

READER = "xqc/00"


def sent(count: int, *, channel: str = "xqc", received: bool = True) -> list[SentMessage]:
    """Return *count* messages, sent one per second from 1 s on."""
    return [
        SentMessage(
            channel, number, f"{channel} {number}", sent_ms=number * 1000, received=received
        )
        for number in range(1, count + 1)
    ]


def arrived(
    *seqs: int, reader: str = READER, partition: int = 0, every_ms: int = 10
) -> list[Arrival]:
    """Return records in which message n has seq n, appended *every_ms* apart."""
    channel = reader.partition("/")[0]
    return [
        Arrival(reader, seq, f"{channel} {seq}", partition, place * every_ms)
        for place, seq in enumerate(seqs)
    ]


def gap_record(seq: int, from_ms: int, to_ms: int) -> Gap:
    """Return a gap record."""
    return Gap(READER, seq, ChatGap("1", "xqc", from_ms, to_ms, GapReason.RESTARTED))


def is_fine(verdict: Verdict, *, went_back: int = 0, gaps: bool = False) -> bool:
    """Return whether there are no errors."""
    return not problems(verdict, Allowed(went_back=went_back, gaps=gaps))
