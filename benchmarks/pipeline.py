"""
One reader at full speed: from IRC bytes on a TLS socket to Kafka's confirmation.

`python -m benchmarks.pipeline [--messages N]` for the embedded and the real Kafka.
"""

from __future__ import annotations

import argparse
import time

from benchmarks.installation import CHANNEL, installation, private_mib, processor_s
from benchmarks.load import chat_lines
from benchmarks.report import report

WITHIN_S = 120
LINES_AT_ONCE = 500


def measure(kafka: str, count: int, **settings: str) -> dict[str, object]:
    """Return the figures of *count* messages to the *kafka*, `embedded` or `real`."""
    lines = chat_lines(CHANNEL, count)
    blocks = [
        b"".join(lines[start : start + LINES_AT_ONCE]) for start in range(0, count, LINES_AT_ONCE)
    ]
    with installation(kafka, **settings) as running:
        processes = {"reader": running.reader.pid, "publisher": running.publisher.pid}
        used = {name: processor_s(pid) for name, pid in processes.items()}

        async def send() -> None:
            for block in blocks:
                await running.chat.server.send_lines(CHANNEL, block)

        started = time.perf_counter()
        running.chat.run(send(), timeout_s=WITHIN_S)
        # The first record was the one that warmed up.
        seconds = running.wait_for_acknowledgement(count + 1, WITHIN_S) - started
        figures: dict[str, object] = {
            "kafka": kafka,
            "messages": count,
            "messages/s": round(count / seconds),
        }
        for name, pid in processes.items():
            figures[f"{name} CPU s"] = round(processor_s(pid) - used[name], 2)
            figures[f"{name} MiB"] = round(private_mib(pid), 1)
        return figures


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=300_000)
    parser.add_argument("--kafka", choices=("embedded", "real"), nargs="*", default=None)
    options = parser.parse_args()
    kafkas = options.kafka or ["embedded", "real"]
    report("pipeline", [measure(kafka, options.messages) for kafka in kafkas])


if __name__ == "__main__":
    main()
