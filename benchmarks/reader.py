"""
Throughput of one reader alone, from IRC bytes on a TLS socket to batches on the link.

`python -m benchmarks.reader [--messages N]`. There is no publisher and no Kafka: a minimal peer
acknowledges each batch at once.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from pathlib import Path

from benchmarks.acknowledging_peer import acknowledging_peer
from benchmarks.installation import CHANNEL
from benchmarks.load import chat_lines
from benchmarks.report import report
from benchmarks.usage import private_mib, processor_s
from tests.end_to_end.service import Service, twitch
from tests.processes import started_processes

WITHIN_S = 120
LINES_AT_ONCE = 500


def measure(count: int) -> dict[str, object]:
    """Return the figures for *count* messages."""
    lines = chat_lines(CHANNEL, count)
    blocks = [
        b"".join(lines[start : start + LINES_AT_ONCE]) for start in range(0, count, LINES_AT_ONCE)
    ]
    with (
        tempfile.TemporaryDirectory(prefix="b-", dir="/tmp") as name,
        twitch(folder := Path(name)) as chat,
        started_processes(folder) as start,
        acknowledging_peer() as peer,
    ):
        endpoints = {
            "PUBLISHER_ENDPOINT": peer.batches,
            "PUBLISHER_ACK_ENDPOINT": peer.acknowledgements,
        }
        service = Service(start, chat, folder, "none", "none", **endpoints)
        reader = service.start_reader(CHANNEL)
        service.say(CHANNEL, "warm up")
        peer.serve(1, WITHIN_S)

        async def send() -> None:
            for block in blocks:
                await chat.server.send_lines(CHANNEL, block)

        used, load_used = processor_s(reader.pid), time.process_time()
        started = time.perf_counter()
        sending = asyncio.run_coroutine_threadsafe(send(), chat.loop)
        # + 1 for the warm-up message.
        peer.serve(count + 1, WITHIN_S)
        seconds = time.perf_counter() - started
        sending.result(WITHIN_S)
        reader_s = processor_s(reader.pid) - used
        return {
            "messages": count,
            "messages/s": round(count / seconds),
            "CPU s per million": round(reader_s / count * 1e6, 2),
            "busy": round(reader_s / seconds, 2),
            "load busy": round((time.process_time() - load_used) / seconds, 2),
            "private MiB": round(private_mib(reader.pid), 1),
        }


def main() -> None:
    """Measure and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=500_000)
    options = parser.parse_args()
    report("reader", [measure(options.messages)])


if __name__ == "__main__":
    main()
