"""
Memory, processor time, latency and losses by number of channels, beside a Node script.

`python -m benchmarks.scale [--counts N ...] [--kafka embedded|real] [--json FILE]`. This service
runs under supervisord, with one reader for each channel. The script is one process with tmi.js and
kafkajs, and reads as many channels as the largest of these numbers. In mode `each` it sends every
message at once, in mode `batched` every 100 ms.

Each is measured idle, then with 2,000 messages per second over all channels. For one second in
every ten, the busiest channel has 20 times its rate. Then its processes are killed in the middle of
such traffic, one after the other, and started again at once. A message is in Kafka when a consumer
has it; its latency runs from the write to the chat server's socket until then. `embedded` is
librdkafka's mock cluster, in a process of its own.

Memory is PSS (pages that processes share are divided among them) or private. Processor time is in
percent of a core, up to the end of the chat; "CPU µs a message" is that of all processes until the
last message has arrived. `readers` are the processes that read chat, and the script. `Kafka`,
`consumer` and `load` (the local Twitch and its chat) are beside what is measured, and take
processor time from it.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from benchmarks import killed
from benchmarks.comparison import MODES
from benchmarks.contestants import Contestant, script, service
from benchmarks.percentiles import percentiles_ms
from benchmarks.report import report, write_json
from benchmarks.resources import Resources
from benchmarks.stage import Stage, stage
from benchmarks.supervised import channel_names
from benchmarks.traffic_run import TrafficRun
from benchmarks.usage import available_mib
from tests.toolchains import NoToolchainError

COUNTS = (1, 10, 100, 500, 1000)
RATE = 2000

#: Estimated memory per reader, and of everything else. A count that needs more is skipped.
_MIB_A_READER = 15
_MIB_BESIDE = 600

Row = dict[str, object]
Enter = Callable[[Stage], AbstractContextManager[Contestant]]


@dataclass(frozen=True)
class Durations:
    """How long each part of a measurement takes, in seconds."""

    #: Between the start and the measurement.
    settle_s: float = 10.0
    window_s: float = 20.0
    #: A message that has not arrived is lost if nothing has arrived for so long.
    quiet_s: float = 15.0
    killed: killed.Durations = field(default_factory=killed.Durations)


@dataclass
class Tables:
    """The rows of all contestants."""

    idle: list[Row] = field(default_factory=list)
    traffic: list[Row] = field(default_factory=list)
    killed: list[Row] = field(default_factory=list)


def measure(tables: Tables, enter: Enter, channels: int, kafka: str, durations: Durations) -> None:
    """Add the rows of the contestant of *enter* with so many *channels* to *tables*."""
    with stage(channel_names(channels), RATE, kafka) as place, enter(place) as contestant:
        name: Row = {
            "what": contestant.what,
            "on": contestant.runs_on,
            "channels": channels,
        }
        _warm_up(place, durations.quiet_s)
        time.sleep(durations.settle_s)
        resources = Resources(contestant.pids, place.beside, channels)
        time.sleep(durations.window_s)
        idle = {"start s": round(contestant.start_s, 1), **resources.figures()}
        traffic = _with_traffic(place, contestant, durations)
        add = contestant.add_channel
        idle["new channel s"] = round(add(), 2) if add else "-"
        tables.idle.append(name | idle)
        tables.traffic.append(name | traffic)
        for what, kill in contestant.kills.items():
            row = killed.measure(place, kill, durations.killed)
            tables.killed.append(name | {"killed": what} | row)


def _warm_up(place: Stage, quiet_s: float) -> None:
    """Send a message through every reader. Raises RuntimeError if one does not arrive."""
    place.chat.run(place.traffic.say_in_each())
    missing = place.arrivals.wait_for({(channel, 1) for channel in place.channels}, quiet_s)
    if missing:
        raise RuntimeError(f"{len(missing)} channels publish nothing, such as {min(missing)[0]}")


def _with_traffic(place: Stage, contestant: Contestant, durations: Durations) -> Row:
    resources = Resources(contestant.pids, place.beside, len(place.channels))
    said = TrafficRun(place, durations.window_s).result()
    figures = resources.figures()
    lost = place.arrivals.wait_for(said, durations.quiet_s)
    times = place.arrivals.times
    # Also for what was still to do at the end of the chat.
    used_s = resources.used_s()
    return {
        "said": len(said),
        "lost": len(lost),
        "twice": sum(len(times[key]) > 1 for key in said.keys() - lost),
        "CPU µs a message": round(1e6 * used_s / len(said), 1),
        **percentiles_ms(min(times[key]) - at for key, at in said.items() if key not in lost),
        **figures,
    }


def _fits(readers: int) -> bool:
    needed, available = _MIB_BESIDE + readers * _MIB_A_READER, available_mib()
    if needed > available:
        print(
            f"skipping {readers} readers: they need {needed:,} MiB, "
            f"and {available:,.0f} MiB are available"
        )
    return needed <= available


def compare(counts: Sequence[int], kafka: str, durations: Durations) -> Tables:
    """Measure this service with each of *counts* channels, and the script with the most."""
    tables = Tables()
    fitting = [count for count in counts if _fits(count)]
    for count in fitting:
        measure(tables, service, count, kafka, durations)
    for mode in MODES:
        try:
            measure(tables, partial(script, mode=mode), max(fitting), kafka, durations)
        except NoToolchainError as error:
            print(f"skipping the script: {error}", file=sys.stderr)
    return tables


def main() -> None:
    """Measure and print the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--counts", type=int, nargs="+", default=COUNTS)
    parser.add_argument("--kafka", choices=("embedded", "real"), default="embedded")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures to FILE")
    options = parser.parse_args()
    tables = compare(options.counts, options.kafka, Durations())
    report("scale, idle", tables.idle)
    report("scale, with traffic", tables.traffic)
    report("scale, killed", tables.killed)
    if options.json:
        write_json(options.json, "scale", **vars(tables))


if __name__ == "__main__":
    main()
