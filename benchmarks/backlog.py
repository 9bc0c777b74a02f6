"""
How fast a backlog is published: a reader receives chat without a publisher, then one is started.
The time runs from the start of the publisher's process to Kafka's last confirmation.

`python -m benchmarks.backlog [--messages N]` measures the embedded and the real Kafka.
"""

from __future__ import annotations

import argparse
import time

from benchmarks.installation import CHANNEL, installation
from benchmarks.load import chat_lines
from benchmarks.report import report

WITHIN_S = 180
LINES_AT_ONCE = 500


def measure(kafka: str, count: int) -> dict[str, object]:
    """Return the figures for a backlog of *count* messages."""
    lines = chat_lines(CHANNEL, count)
    with installation(kafka) as running:
        running.publisher.stop()

        async def send() -> None:
            for start in range(0, count, LINES_AT_ONCE):
                block = b"".join(lines[start : start + LINES_AT_ONCE])
                await running.chat.server.send_lines(CHANNEL, block)

        sent_at = time.perf_counter()
        running.chat.run(send(), timeout_s=WITHIN_S)
        running.service.wait_until_received(CHANNEL)
        received_s = time.perf_counter() - sent_at
        started_at = time.perf_counter()
        running.service.start_publisher()
        # + 1 for the warm-up message.
        seconds = running.wait_for_acknowledgement(count + 1, WITHIN_S) - started_at
    return {
        "kafka": kafka,
        "messages": count,
        "taken in/s": round(count / received_s),
        "drained in s": round(seconds, 1),
        "drained/s": round(count / seconds),
    }


def main() -> None:
    """Measure and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=500_000)
    options = parser.parse_args()
    report("backlog", [measure(kafka, options.messages) for kafka in ("embedded", "real")])


if __name__ == "__main__":
    main()
