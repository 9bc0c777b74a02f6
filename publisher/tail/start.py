"""Where `tail` begins to read each partition."""

from __future__ import annotations

import re
from argparse import ArgumentTypeError
from dataclasses import dataclass
from datetime import datetime

from confluent_kafka import Consumer, TopicPartition

RESPONSE_TIMEOUT_S = 2.0
#: How many of the last records of a partition are searched for the last ones of some channels.
LOOK_BACK = 10_000

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_DURATION = re.compile(r"(\d{1,9})([smhd])")


@dataclass(frozen=True)
class Start:
    """The records of each partition to begin with; by default the last 10."""

    last: int = 10
    #: If set, the first record with this timestamp or a later one, in Unix milliseconds.
    since_ms: int | None = None
    from_beginning: bool = False

    def offset(
        self,
        consumer: Consumer,
        partition: TopicPartition,
        *,
        between: tuple[int, int],
        search: bool,
        has_times: bool,
    ) -> int:
        """
        Return the first offset of *partition* to read. Raises KafkaException.

        *between* are its first offset, and the one after its last.
        With *search*, the last records are not known before more than them are read. Without
        *has_times*, the cluster cannot find records by time, and the whole partition is read.
        """
        first, end = between
        if self.since_ms is not None and has_times:
            at = TopicPartition(partition.topic, partition.partition, self.since_ms)
            [found] = consumer.offsets_for_times([at], timeout=RESPONSE_TIMEOUT_S)
            # A negative one stands for the end.
            return found.offset if found.offset >= 0 else end
        if self.from_beginning or self.since_ms is not None:
            return first
        return max(first, end - (max(self.last, LOOK_BACK) if search else self.last))


def since(text: str, now_s: float) -> int:
    """
    Parse a duration before *now_s*, such as 90s, 10m, 2h or 1d, or an ISO 8601 time.

    Returns Unix milliseconds. A time without a zone is local. Raises ArgumentTypeError.
    """
    if found := _DURATION.fullmatch(text):
        return max(0, int((now_s - int(found[1]) * _SECONDS[found[2]]) * 1000))
    try:
        at_s = datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError, OSError):
        raise ArgumentTypeError(
            f"{text[:40]!r} is neither a duration (90s, 10m, 2h, 1d) nor a time such as "
            "2026-01-31T18:00 or 2026-01-31T18:00:00Z"
        ) from None
    if at_s > now_s:
        raise ArgumentTypeError(f"{text[:40]!r} is in the future")
    return max(0, int(at_s * 1000))
