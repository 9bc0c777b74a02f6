"""
Checks that memory stays constant under a steady load for a long time, under supervisord.

`python -m benchmarks.soak [--minutes N] [--rate N] [--kafka embedded|real] [--json FILE]`. The
private memory of each process is sampled every ten seconds.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from pathlib import Path
from statistics import linear_regression, median

from benchmarks.report import report, write_json
from benchmarks.supervised import Supervised, channel_names, supervised, unconfirmed
from benchmarks.traffic import Traffic
from benchmarks.usage import usage

READERS = 4
SAMPLE_EVERY_S = 10.0

#: The growth of memory is that of the second half, and needs two samples.
_LEAST_SAMPLES = 3

_CONFIRM_WITHIN_S = 60.0
_LOOK_EVERY_S = 0.1

Row = dict[str, object]


def measure(
    kafka: str, minutes: float, rate: int, *, sample_every_s: float = SAMPLE_EVERY_S
) -> tuple[Row, list[Row]]:
    """Return the result of *rate* messages per second, and one row per memory sample."""
    with supervised(channel_names(READERS), kafka) as running:
        rates = dict.fromkeys(running.channels, rate / READERS)
        traffic = Traffic(running.chat.server, rates, bursts=False)
        started = time.perf_counter()
        saying = asyncio.run_coroutine_threadsafe(traffic.run(minutes * 60), running.chat.loop)
        samples: list[Row] = []
        while not saying.done() or len(samples) < _LEAST_SAMPLES:
            running.acknowledgements.receive(_LOOK_EVERY_S)
            minutes_now = (time.perf_counter() - started) / 60
            if minutes_now * 60 >= len(samples) * sample_every_s:
                samples.append({"minutes": round(minutes_now, 3), **_private_mib(running)})
        seconds = time.perf_counter() - started
        saying.result()
        said = sum(len(times) for times in traffic.said.values())
        result: Row = {
            "kafka": kafka,
            "minutes": round(seconds / 60, 2),
            "messages": said,
            "messages/s": round(said / seconds),
            "lost": _lost(running, traffic),
        }
        return result, samples


def summary(samples: list[Row]) -> list[Row]:
    """Return one row per process: its memory at the start and at the end, and its growth."""
    return [_summary(name, samples) for name in samples[0] if name != "minutes"]


def _summary(name: str, samples: list[Row]) -> Row:
    mib = [float(str(sample[name])) for sample in samples]
    hours = [float(str(sample["minutes"])) / 60 for sample in samples]
    quarter, half = max(1, len(mib) // 4), len(mib) // 2
    return {
        "process": name,
        "min MiB": min(mib),
        "first quarter MiB": round(median(mib[:quarter]), 2),
        "last quarter MiB": round(median(mib[-quarter:]), 2),
        # Only of the second half: buffers grow to their final size in the first.
        "slope MiB/h": round(linear_regression(hours[half:], mib[half:]).slope, 2),
    }


def _private_mib(running: Supervised) -> Row:
    return {name: round(usage([pid]).private_mib, 2) for name, pid in running.processes().items()}


def _lost(running: Supervised, traffic: Traffic) -> int:
    """Wait for the last confirmations; return the number of messages that have none."""
    deadline = time.monotonic() + _CONFIRM_WITHIN_S
    while unconfirmed(running, traffic) and time.monotonic() < deadline:
        running.acknowledgements.receive(_LOOK_EVERY_S)
    return unconfirmed(running, traffic)


def main() -> None:
    """Measure and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--rate", type=int, default=5000)
    parser.add_argument("--kafka", choices=("embedded", "real"), default="real")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures to FILE")
    options = parser.parse_args()
    result, samples = measure(options.kafka, options.minutes, options.rate)
    report("soak", [result])
    report("soak, memory", summary(samples))
    if options.json:
        write_json(options.json, "soak", result=[result], memory=samples)


if __name__ == "__main__":
    main()
