"""What is lost, and what comes twice, when a process is killed in the middle of the traffic."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from benchmarks.arrivals import Key
from benchmarks.stage import Stage
from benchmarks.traffic_run import TrafficRun
from common.chat_gap import ChatGap

#: The moment at which a process is killed, as a share of the traffic.
_KILL_AT = 0.3

Row = dict[str, object]


@dataclass(frozen=True)
class Durations:
    """How long each part takes, in seconds."""

    traffic_s: float = 10.0
    #: Without a record, after which no message comes that a gap record speaks of.
    last_s: float = 2.0
    #: A message that has not arrived, and is in no gap record, is lost if nothing arrives for so
    #: long.
    quiet_s: float = 15.0


def measure(stage: Stage, kill: Callable[[], None], durations: Durations) -> Row:
    """
    Call *kill* in the middle of traffic; return what became of the messages in the end.

    The end is when each message has arrived or is in a gap record, or nothing came for a while.
    """
    traffic = TrafficRun(stage, durations.traffic_s)
    time.sleep(durations.traffic_s * _KILL_AT)
    kill()
    said = traffic.result()
    arrivals = stage.arrivals
    deadline = time.monotonic() + durations.quiet_s
    while True:
        before = len(arrivals.times)
        missing = arrivals.wait_for(said, durations.last_s)
        in_gaps = within_gaps(missing, said, arrivals.gaps)
        if len(arrivals.times) > before:
            deadline = time.monotonic() + durations.quiet_s
        elif in_gaps == missing or time.monotonic() > deadline:
            break
    return {
        "said": len(said),
        "lost": len(missing),
        "lost in a gap record": len(in_gaps),
        "twice": sum(len(arrivals.times[key]) > 1 for key in said.keys() - missing),
    }


def within_gaps(
    missing: Collection[Key], said: Mapping[Key, float], gaps: Collection[ChatGap]
) -> set[Key]:
    """
    Return which of the *missing* messages were said in the span of a gap of their channel.

    The times in *said* are those of time.monotonic.
    """
    spans: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
    for gap in gaps:
        spans[gap.channel].append((gap.from_ms, gap.to_ms))
    to_unix_s = time.time() - time.monotonic()
    return {
        key
        for key in missing
        if any(begin <= (said[key] + to_unix_s) * 1000 <= end for begin, end in spans[key[0]])
    }
