"""
Compares exactly-once with at-least-once on the real Kafka: throughput of the publisher alone,
throughput of one reader from the TLS socket to Kafka's confirmation, and latency.

`python -m benchmarks.delivery [--messages N] [--rounds N] [--rate N] [--seconds N]`
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median

from benchmarks import latency, pipeline
from benchmarks.installation import TOPIC
from benchmarks.link_load import NAMES, RECORDS_A_BATCH, LinkLoad, deliver
from benchmarks.report import report
from benchmarks.usage import processor_s
from tests.kafka.broker import kafka_broker
from tests.processes import started_processes
from tests.publisher.peer import connected_readers, start_publisher

DELIVERIES = ("at-least-once", "exactly-once")

WITHIN_S = 120


def publisher_alone(delivery: str, count: int) -> dict[str, object]:
    """Return the figures for about *count* messages from readers that only send batches."""
    with (
        kafka_broker() as broker,
        tempfile.TemporaryDirectory() as folder,
        started_processes(Path(folder)) as start,
    ):
        settings = {"DELIVERY": delivery, "KAFKA_TOPIC_PARTITIONS": "6"}
        publisher = start_publisher(start, broker.bootstrap, TOPIC, settings)
        with connected_readers(publisher, *NAMES) as peers:
            batches = count // len(peers) // RECORDS_A_BATCH
            used = processor_s(publisher.process.pid)
            seconds = deliver([LinkLoad(peer) for peer in peers], batches, WITHIN_S)
            return {
                "messages/s": round(batches * len(peers) * RECORDS_A_BATCH / seconds),
                "publisher CPU s": round(processor_s(publisher.process.pid) - used, 2),
            }


def compare(
    measure: Callable[[str, int], dict[str, object]], count: int, rounds: int
) -> list[dict[str, object]]:
    """Return one row per delivery: the median of *rounds* of *count* messages, and the ratio."""
    figures: dict[str, list[dict[str, object]]] = {delivery: [] for delivery in DELIVERIES}
    for _ in range(rounds):
        # In turns, so that other load on the machine affects both.
        for delivery in DELIVERIES:
            figures[delivery].append(measure(delivery, count))
    speeds = {delivery: _median(figures[delivery], "messages/s") for delivery in DELIVERIES}
    return [
        {
            "delivery": delivery,
            "messages": count,
            "rounds": rounds,
            "messages/s": round(speeds[delivery]),
            "ratio": round(speeds[delivery] / speeds[DELIVERIES[0]], 2),
            "publisher CPU s": _median(figures[delivery], "publisher CPU s"),
        }
        for delivery in DELIVERIES
    ]


def _median(figures: list[dict[str, object]], name: str) -> float:
    return round(median(float(str(figure[name])) for figure in figures), 2)


def main() -> None:
    """Measure and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=500_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rate", type=int, default=100)
    parser.add_argument("--seconds", type=int, default=20)
    options = parser.parse_args()
    alone = compare(publisher_alone, options.messages, options.rounds)
    whole = compare(
        lambda delivery, count: pipeline.measure("real", count, DELIVERY=delivery),
        options.messages,
        options.rounds,
    )
    waits = [
        {
            "delivery": delivery,
            **latency.measure("real", options.rate, options.seconds, DELIVERY=delivery),
        }
        for delivery in DELIVERIES
    ]
    report("delivery, publisher alone", alone)
    report("delivery, from one reader to Kafka", whole)
    report("delivery, latency", waits)


if __name__ == "__main__":
    main()
