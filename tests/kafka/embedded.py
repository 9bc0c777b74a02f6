"""librdkafka's built-in cluster in a process of its own, for machines without Java.

Run as `python -m tests.kafka.embedded`, it prints its address and stays until it is killed. The
cluster creates a topic when a client asks for it, and keeps everything in memory.
"""

from __future__ import annotations

import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from confluent_kafka import Producer

from tests.processes import python_module, started_processes, wait_for_line


@contextmanager
def embedded_kafka() -> Iterator[str]:
    """Run the cluster in a child process and give its bootstrap address."""
    with tempfile.TemporaryDirectory() as folder, started_processes(Path(folder)) as start:
        process = start(python_module("tests.kafka.embedded"))
        yield wait_for_line(process, r"^bootstrap (\S+)$", timeout_s=60)[1]


def main() -> None:
    """Print the address of a new cluster and keep it until the process is killed."""
    cluster = Producer({"test.mock.num.brokers": 1})
    brokers = cluster.list_topics(timeout=30).brokers.values()
    print("bootstrap", ",".join(f"{broker.host}:{broker.port}" for broker in brokers))  # noqa: T201
    signal.pause()


if __name__ == "__main__":
    main()
