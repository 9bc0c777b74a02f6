"""What is lost, and what comes twice, when a process is killed in the middle of the traffic."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping

from benchmarks.arrivals import Key
from benchmarks.stage import Stage
from benchmarks.traffic_run import TrafficRun
from common.chat_gap import ChatGap

#: Seconds of traffic, and the moment at which a process is killed.
TRAFFIC_S = 10.0
KILL_AFTER_S = 3.0

#: Seconds without a record, after which no message comes that a gap record speaks of.
_LAST_S = 2.0

Row = dict[str, object]


def measure(stage: Stage, kill: Callable[[], None], seconds: float, quiet_s: float) -> Row:
    """
    Call *kill* during *seconds* of traffic; return what became of the messages in the end.

    The end is when each message has arrived or is in a gap record, or nothing came for *quiet_s*.
    """
    traffic = TrafficRun(stage, seconds)
    time.sleep(seconds * KILL_AFTER_S / TRAFFIC_S)
    kill()
    said = traffic.result()
    arrivals = stage.arrivals
    deadline = time.monotonic() + quiet_s
    while True:
        before = len(arrivals.times)
        missing = arrivals.wait_for(said, _LAST_S)
        in_gaps = within_gaps(missing, said, arrivals.gaps)
        if len(arrivals.times) > before:
            deadline = time.monotonic() + quiet_s
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
