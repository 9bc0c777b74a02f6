"""
How long a message takes: from the socket to Kafka's confirmation, at a steady rate.

`python -m benchmarks.latency [--rate N] [--seconds N]` for the embedded and the real Kafka.
"""

from __future__ import annotations

import argparse
import asyncio
import time

import zmq

from benchmarks.installation import CHANNEL, Installation, installation
from benchmarks.load import chat_lines
from benchmarks.report import report
from common.frames import decode_acknowledgement

WITHIN_S = 30


def measure(kafka: str, rate: int, seconds: int, **settings: str) -> dict[str, object]:
    """Return the latencies at *rate* messages a second for so many *seconds*."""
    lines = chat_lines(CHANNEL, rate * seconds)
    said: list[float] = []
    with installation(kafka, **settings) as running:

        async def say() -> None:
            started = time.perf_counter()
            for number, line in enumerate(lines):
                await asyncio.sleep(max(0.0, started + number / rate - time.perf_counter()))
                said.append(time.perf_counter())
                await running.chat.server.send_lines(CHANNEL, line)

        saying = asyncio.run_coroutine_threadsafe(say(), running.chat.loop)
        confirmed = _confirmations(running, len(lines), seconds + WITHIN_S)
        saying.result(WITHIN_S)
    times = sorted((then - before) * 1000 for before, then in zip(said, confirmed, strict=True))
    return {
        "kafka": kafka,
        "messages/s": rate,
        "messages": len(times),
        "p50 ms": round(times[len(times) // 2], 2),
        "p99 ms": round(times[int(len(times) * 0.99)], 2),
        "max ms": round(times[-1], 2),
    }


def _confirmations(running: Installation, count: int, within_s: float) -> list[float]:
    """Return when each of *count* messages was confirmed; the first record was the warm-up."""
    times: list[float] = []
    ear = running.acknowledgements
    ear.setsockopt(zmq.RCVTIMEO, int(within_s * 1000))
    while len(times) < count:
        _, body = ear.recv_multipart()
        now = time.perf_counter()
        times += [now] * (decode_acknowledgement(body).seq - 1 - len(times))
    return times


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=int, nargs="*", default=None)
    parser.add_argument("--seconds", type=int, default=20)
    options = parser.parse_args()
    rates = options.rate or [100, 1000]
    rows = [
        measure(kafka, rate, options.seconds) for kafka in ("embedded", "real") for rate in rates
    ]
    report("latency", rows)


if __name__ == "__main__":
    main()
