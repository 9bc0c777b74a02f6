"""
Latency of a message from the TLS socket to Kafka's confirmation, at a steady rate.

`python -m benchmarks.latency [--rate N ...] [--seconds N] [--kafka embedded real]`. A message's
time starts when it is written to the chat server's socket. If the rate is higher than the timer's
resolution, several messages are written at once.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import Sequence

import zmq

from benchmarks.acknowledgements import messages_up_to
from benchmarks.installation import CHANNEL, Installation, installation
from benchmarks.load import chat_lines
from benchmarks.percentiles import percentiles_ms
from benchmarks.report import report
from common.frames import decode_acknowledgement

WITHIN_S = 30
RATES = (1, 100, 1000, 10_000)


def measure(kafka: str, rate: int, seconds: int, **settings: str) -> dict[str, object]:
    """Return the latencies at *rate* messages per second for *seconds*."""
    lines = chat_lines(CHANNEL, rate * seconds)
    with installation(kafka, **settings) as running:
        waits_s = say_steadily(running, lines, rate)
    return {
        "kafka": kafka,
        "messages/s": rate,
        "messages": len(waits_s),
        **percentiles_ms(waits_s),
    }


def say_steadily(running: Installation, lines: Sequence[bytes], rate: int) -> list[float]:
    """Say *lines*, *rate* in a second; return the seconds until Kafka had confirmed each."""
    said: list[float] = []

    async def say() -> None:
        started = time.perf_counter()
        while len(said) < len(lines):
            await asyncio.sleep(max(0.0, started + len(said) / rate - time.perf_counter()))
            now = time.perf_counter()
            due = lines[len(said) : int((now - started) * rate) + 1]
            said.extend([time.time()] * len(due))
            await running.chat.server.send_lines(CHANNEL, b"".join(due))

    saying = asyncio.run_coroutine_threadsafe(say(), running.chat.loop)
    confirmed = _confirmations(running, len(lines), len(lines) / rate + WITHIN_S)
    saying.result(WITHIN_S)
    return [then - before for before, then in zip(said, confirmed, strict=True)]


def _confirmations(running: Installation, count: int, within_s: float) -> list[float]:
    """
    Return when Kafka confirmed each of *count* messages, after the warm-up message.

    In seconds of Unix time, as the publisher says it.
    """
    times: list[float] = []
    acknowledgements = running.acknowledgements
    acknowledgements.setsockopt(zmq.RCVTIMEO, int(within_s * 1000))
    while len(times) < count:
        _, body = acknowledgements.recv_multipart()
        for seq, confirmed_us in decode_acknowledgement(body).confirmed:
            times += [confirmed_us / 1e6] * (messages_up_to(seq) - 1 - len(times))
    return times


def main() -> None:
    """Measure and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=int, nargs="*", default=None)
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--kafka", choices=("embedded", "real"), nargs="*", default=None)
    options = parser.parse_args()
    rows = [
        measure(kafka, rate, options.seconds)
        for kafka in options.kafka or ("embedded", "real")
        for rate in options.rate or RATES
    ]
    report("latency", rows)


if __name__ == "__main__":
    main()
