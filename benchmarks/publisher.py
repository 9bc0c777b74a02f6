"""
Compares the publisher alone, from batches on the link to Kafka's confirmation, with a bare loop of
`Producer.produce` for the same records.

`python -m benchmarks.publisher [--messages N] [--rounds N] [--kafka embedded real]`. Publisher and
loop run in separate processes and take turns, and the median is reported. Kafka is another process:
librdkafka's mock cluster (`embedded`) or Apache Kafka (`real`).
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from benchmarks.bare_producer import WITHIN_S
from benchmarks.installation import TOPIC
from benchmarks.link_load import NAMES, RECORDS_A_BATCH, LinkLoad, deliver
from benchmarks.report import report
from benchmarks.usage import processor_s
from tests.kafka.broker import kafka_broker
from tests.kafka.embedded import embedded_kafka
from tests.processes import python_module, started_processes, wait_for_line
from tests.publisher.peer import connected_readers, start_publisher
from tests.topics import create_topic

PUBLISHER, BARE, BARE_WITH_HEADERS = "publisher", "bare loop", "bare loop, headers"

_PARTITIONS = 6
_START_WITHIN_S = 30

_Run = dict[str, float]


def compare(kafka: str, count: int, rounds: int) -> list[dict[str, object]]:
    """Return one row for each of the three: the median of *rounds* of about *count* messages."""
    a_round = len(NAMES) * RECORDS_A_BATCH
    count = max(1, count // a_round) * a_round
    runs: dict[str, list[_Run]] = {PUBLISHER: [], BARE_WITH_HEADERS: [], BARE: []}
    with _cluster(kafka) as brokers:
        for topic in (TOPIC, *(f"{TOPIC}-{more}" for more in ("events", "gaps", "dead"))):
            create_topic(brokers, topic, partitions=_PARTITIONS)
        _bare(brokers, count)  # warm-up: Java compiles at first
        for _ in range(rounds):
            # In turns, so that other load on the machine affects all of them.
            runs[PUBLISHER].append(_publisher(brokers, count))
            runs[BARE_WITH_HEADERS].append(_bare(brokers, count, "--headers"))
            runs[BARE].append(_bare(brokers, count))
    speeds = {who: median(count / run["seconds"] for run in runs[who]) for who in runs}
    return [
        {
            "kafka": kafka,
            "who": who,
            "messages": count,
            "rounds": rounds,
            "messages/s": round(speeds[who]),
            "publisher's ratio to it": round(speeds[PUBLISHER] / speeds[who], 2),
            "CPU s per million": round(median(run["CPU s"] for run in runs[who]) / count * 1e6, 2),
            "busy": _median_share(runs[who], "CPU s"),
            "load busy": _median_share(runs[who], "load CPU s"),
        }
        for who in runs
    ]


def _median_share(runs: list[_Run], name: str) -> float:
    """Return the median of the processor time *name* divided by the duration of the run."""
    return round(median(run[name] / run["seconds"] for run in runs), 2)


def _publisher(brokers: str, count: int) -> _Run:
    with tempfile.TemporaryDirectory() as folder, started_processes(Path(folder)) as start:
        publisher = start_publisher(start, brokers, TOPIC)
        with connected_readers(publisher, *NAMES) as peers:
            loads = [LinkLoad(peer) for peer in peers]
            deliver(loads, 1, WITHIN_S)  # warm-up: connects to Kafka
            used, load_used = processor_s(publisher.process.pid), time.process_time()
            seconds = deliver(loads, count // len(loads) // RECORDS_A_BATCH, WITHIN_S)
            return {
                "seconds": seconds,
                "CPU s": processor_s(publisher.process.pid) - used,
                "load CPU s": time.process_time() - load_used,
            }


def _bare(brokers: str, count: int, *arguments: str) -> _Run:
    command = python_module("benchmarks.bare_producer", brokers, TOPIC, str(count), *arguments)
    with tempfile.TemporaryDirectory() as folder, started_processes(Path(folder)) as start:
        line = wait_for_line(start(command), r"^\{.*\}$", _START_WITHIN_S + WITHIN_S)
        return {**json.loads(line[0]), "load CPU s": 0.0}


@contextmanager
def _cluster(kafka: str) -> Iterator[str]:
    if kafka == "embedded":
        with embedded_kafka() as brokers:
            yield brokers
    else:
        with kafka_broker() as broker:
            yield broker.bootstrap


def main() -> None:
    """Measure and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--kafka", choices=("embedded", "real"), nargs="*", default=None)
    options = parser.parse_args()
    kafkas = options.kafka or ["embedded", "real"]
    rows = [row for kafka in kafkas for row in compare(kafka, options.messages, options.rounds)]
    report("publisher", rows)


if __name__ == "__main__":
    main()
