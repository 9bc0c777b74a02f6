"""
Memory and processor time by number of readers: idle, and with traffic like Twitch's.

`python -m benchmarks.scale [--counts N ...] [--json FILE]`. Everything runs under supervisord, with
the embedded Kafka. The traffic is 2,000 messages per second over all channels. For one second in
every ten, the busiest channel has 20 times its rate.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from pathlib import Path

from benchmarks.newcomer import newcomer_s
from benchmarks.percentiles import percentiles_ms
from benchmarks.report import report, write_json
from benchmarks.supervised import Supervised, channel_names, supervised, unconfirmed
from benchmarks.traffic import Traffic, zipf
from benchmarks.usage import Usage, available_mib, usage

COUNTS = (1, 10, 100, 500, 1000)
RATE = 2000

#: Seconds between the start of the readers and the measurement.
SETTLE_S = 10.0
WINDOW_S = 20.0

#: Estimated memory per reader, and of everything else. A count that needs more is skipped.
_MIB_A_READER = 15
_MIB_BESIDE = 600

_CONFIRM_WITHIN_S = 60.0
_LOOK_EVERY_S = 0.1

#: The processes beside the readers.
_OTHERS = ("publisher", "monitor", "supervisord")

Row = dict[str, object]


def measure(
    readers: int, *, settle_s: float = SETTLE_S, window_s: float = WINDOW_S
) -> tuple[Row, Row]:
    """Return two rows for *readers*: idle for *window_s* seconds, and as long with traffic."""
    with supervised(channel_names(readers), "embedded") as running:
        time.sleep(settle_s)
        watch = _Watch(running)
        time.sleep(window_s)
        idle = {"readers": readers, "start s": round(running.start_s, 1), **watch.figures()}
        traffic = _with_traffic(running, window_s)
        idle["new channel s"] = round(newcomer_s(running), 2)
        return idle, {"readers": readers, **traffic}


def _with_traffic(running: Supervised, seconds: float) -> Row:
    traffic = Traffic(running.chat.server, zipf(running.channels, RATE), bursts=True)
    watch = _Watch(running)
    saying = asyncio.run_coroutine_threadsafe(traffic.run(seconds), running.chat.loop)
    waits_s: list[float] = []
    confirmed = dict(running.warm_up)
    deadline = time.monotonic() + seconds + _CONFIRM_WITHIN_S
    while not saying.done() or (unconfirmed(running, traffic) and time.monotonic() < deadline):
        for channel, count in running.acknowledgements.receive(_LOOK_EVERY_S):
            now = time.perf_counter()
            before = running.warm_up[channel]
            said = traffic.said[channel][confirmed[channel] - before : count - before]
            waits_s += [now - then for then in said]
            confirmed[channel] = max(count, confirmed[channel])
    saying.result()
    return {
        "messages": len(waits_s),
        "lost": unconfirmed(running, traffic),
        **watch.figures(),
        **percentiles_ms(waits_s),
    }


class _Watch:
    """Measures the processes' resources from its creation on."""

    def __init__(self, running: Supervised) -> None:
        processes = running.processes()
        self._pids = {
            "readers": running.readers(),
            **{who: [processes[who]] for who in _OTHERS},
        }
        self._started = time.perf_counter()
        self._before = self._usage()

    def figures(self) -> Row:
        """Return their present memory and descriptors, and their processor time so far."""
        seconds = time.perf_counter() - self._started
        now = self._usage()
        readers = now["readers"]
        figures: Row = {
            "PSS MiB": round(readers.pss_mib, 1),
            "PSS MiB a reader": round(readers.pss_mib / readers.processes, 1),
            "private MiB a reader": round(readers.private_mib / readers.processes, 1),
        }
        for who, after in now.items():
            used_s = after.processor_s - self._before[who].processor_s
            figures[f"{who} CPU %"] = round(100 * used_s / seconds, 2)
        for who, after in now.items():
            figures[f"{who} descriptors"] = after.descriptors
        sleeps = readers.sleeps - self._before["readers"].sleeps
        figures["wake-ups/s a reader"] = round(sleeps / seconds / readers.processes, 2)
        for who in _OTHERS:
            figures[f"{who} MiB"] = round(now[who].private_mib, 1)
        return figures

    def _usage(self) -> dict[str, Usage]:
        return {who: usage(pids) for who, pids in self._pids.items()}


def _fits(readers: int) -> bool:
    needed, available = _MIB_BESIDE + readers * _MIB_A_READER, available_mib()
    if needed > available:
        print(
            f"skipping {readers} readers: they need {needed:,} MiB, "
            f"and {available:,.0f} MiB are available"
        )
    return needed <= available


def main() -> None:
    """Measure and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--counts", type=int, nargs="+", default=COUNTS)
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures to FILE")
    options = parser.parse_args()
    idle, traffic = [], []
    for readers in options.counts:
        if _fits(readers):
            rows = measure(readers)
            idle.append(rows[0])
            traffic.append(rows[1])
    report("scale, idle", idle)
    report("scale, with traffic", traffic)
    if options.json:
        write_json(options.json, "scale", idle=idle, traffic=traffic)


if __name__ == "__main__":
    main()
