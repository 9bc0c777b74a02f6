"""
Throughput of readers and publisher, from IRC bytes on TLS sockets to Kafka's confirmation.

`python -m benchmarks.pipeline [--messages N] [--readers N] [--kafka embedded real]`. Each reader
has its own channel. The chat server, on the same machine, sends to all of them at the same time.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import Mapping, Sequence

from benchmarks.installation import CHANNEL, TOPIC, Installation, installation
from benchmarks.load import blocks, chat_lines
from benchmarks.report import report
from benchmarks.usage import peak_mib, private_mib, processor_s

WITHIN_S = 120


def measure(
    kafka: str, count: int, readers: int = 1, topic: str = TOPIC, **settings: str
) -> dict[str, object]:
    """
    Return the figures for about *count* messages, divided among *readers*.

    *kafka* and *topic* are as in `installation`. Processor time and memory are totals of all
    readers.
    """
    channels = channel_names(readers)
    each = count // readers
    said = {channel: blocks(chat_lines(channel, each)) for channel in channels}
    with installation(kafka, channels=channels, topic=topic, **settings) as running:
        processes = {
            "reader": [reader.pid for reader in running.readers],
            "publisher": [running.publisher.pid],
        }
        used = {name: _processor_s(pids) for name, pids in processes.items()}
        started = time.perf_counter()
        say(running, said)
        # + 1 for each reader's warm-up message.
        seconds = running.wait_for_acknowledgement(each + 1, WITHIN_S) - started
        figures: dict[str, object] = {
            "kafka": kafka,
            "readers": readers,
            "messages": each * readers,
            "messages/s": round(each * readers / seconds),
        }
        for name, pids in processes.items():
            figures[f"{name} CPU s"] = round(_processor_s(pids) - used[name], 2)
            figures[f"{name} MiB"] = round(sum(map(private_mib, pids)), 1)
            figures[f"{name} peak MiB"] = round(sum(map(peak_mib, pids)), 1)
        return figures


def channel_names(count: int) -> list[str]:
    """Return the names of *count* channels."""
    return [CHANNEL, *(f"{CHANNEL}_{number}" for number in range(2, count + 1))]


def say(running: Installation, said: Mapping[str, Sequence[bytes]]) -> None:
    """Send the blocks of all channels at the same time."""

    async def say_in(channel: str) -> None:
        for block in said[channel]:
            await running.chat.server.send_lines(channel, block)

    async def say_all() -> None:
        await asyncio.gather(*(say_in(channel) for channel in said))

    running.chat.run(say_all(), timeout_s=WITHIN_S)


def _processor_s(pids: Sequence[int]) -> float:
    return sum(map(processor_s, pids))


def main() -> None:
    """Measure and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=300_000)
    parser.add_argument("--readers", type=int, default=1)
    parser.add_argument("--kafka", choices=("embedded", "real"), nargs="*", default=None)
    options = parser.parse_args()
    kafkas = options.kafka or ["embedded", "real"]
    report("pipeline", [measure(kafka, options.messages, options.readers) for kafka in kafkas])


if __name__ == "__main__":
    main()
