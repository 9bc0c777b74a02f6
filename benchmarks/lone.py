"""
Processor time of a message that comes alone, by messages per second in one channel.

`python -m benchmarks.lone [--rate N ...] [--kafka embedded|real]`. Each message is one write to the
chat server's socket, at a steady rate. The figures are medians of several windows; "± %" is half of
what the reader's windows differ by. `embedded` is librdkafka's mock cluster, in a process of its
own, so its time is not the publisher's.
"""

from __future__ import annotations

import argparse
import asyncio
import platform
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from benchmarks.installation import CHANNEL, TOPIC, Installation, installation
from benchmarks.kafka import kafka_process
from benchmarks.load import chat_lines
from benchmarks.report import report
from benchmarks.usage import processor_s, sleeps

RATES = (20, 100, 500, 1000)
WARM_UP_S = 4.0
WINDOW_S = 6.0
WINDOWS = 5


@dataclass(frozen=True)
class _Moment:
    """What the processes have used so far."""

    reader_s: float
    publisher_s: float
    reader_sleeps: int


def measure(
    kafka: str, rate: int, *, warm_up_s: float = WARM_UP_S, window_s: float = WINDOW_S
) -> dict[str, object]:
    """Return the figures for *rate* messages per second; *kafka* is `embedded` or `real`."""
    a_window = max(1, round(rate * window_s))
    with (
        kafka_process(kafka) as cluster,
        installation(cluster.brokers, topic=TOPIC) as running,
    ):
        warm_up = round(rate * warm_up_s)
        lines = chat_lines(CHANNEL, warm_up + WINDOWS * a_window)
        running.chat.run(_say(running, lines[:warm_up], rate))
        moments = [_moment(running)]
        for start in range(warm_up, len(lines), a_window):
            running.chat.run(_say(running, lines[start : start + a_window], rate))
            moments.append(_moment(running))
    return {
        "messages/s": rate,
        "Python": platform.python_version(),
        "messages": a_window * WINDOWS,
        **figures(
            [(later.reader_s - at.reader_s) / a_window for at, later in pairwise(moments)],
            [(later.publisher_s - at.publisher_s) / a_window for at, later in pairwise(moments)],
        ),
        "reader's wake-ups a message": round(
            (moments[-1].reader_sleeps - moments[0].reader_sleeps) / a_window / WINDOWS, 2
        ),
    }


def figures(reader_s: Sequence[float], publisher_s: Sequence[float]) -> dict[str, float]:
    """Return the columns for the seconds of processor time of a message, one of each window."""
    middle = median(reader_s)
    return {
        "reader CPU µs a message": round(middle * 1e6, 1),
        "± %": round((max(reader_s) - min(reader_s)) / 2 / middle * 100, 1),
        "publisher CPU µs a message": round(median(publisher_s) * 1e6, 1),
    }


async def _say(running: Installation, lines: Sequence[bytes], rate: int) -> None:
    """Say each of *lines* when it is due."""
    started = time.monotonic()
    for number, line in enumerate(lines):
        await asyncio.sleep(max(0.0, started + number / rate - time.monotonic()))
        await running.chat.server.send_lines(CHANNEL, line)


def _moment(running: Installation) -> _Moment:
    reader = running.reader.pid
    return _Moment(processor_s(reader), processor_s(running.publisher.pid), sleeps(reader))


def main() -> None:
    """Measure and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=int, nargs="+", default=RATES)
    parser.add_argument("--kafka", choices=("embedded", "real"), default="embedded")
    options = parser.parse_args()
    report("lone", [measure(options.kafka, rate) for rate in options.rate])


if __name__ == "__main__":
    main()
