"""
Reads topics of a Kafka, and notes when each record arrives: the last station of a message.

`python -m benchmarks.consumer BOOTSTRAP FILE TOPIC ...` prints "ready", and then appends a line for
each record to FILE: the time (time.monotonic, nanoseconds), the topic and the value.

librdkafka's mock cluster delays its answer to a fetch that finds nothing by the longest wait of the
fetch, even if a record comes meanwhile. So that wait is short: it adds up to FETCH_WAIT_MS to a
record's time, and half of that on average. Apache Kafka answers as soon as there is a record.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, TopicPartition

FETCH_WAIT_MS = 2

#: Seconds between two writes to the file.
_WRITE_EVERY_S = 0.2

_METADATA_WITHIN_S = 30.0


def consume(bootstrap: str, file: Path, topics: list[str]) -> None:
    """Read *topics* from their beginning into *file*, without an end."""
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": "benchmark",  # required; no group is joined
            "enable.auto.commit": False,
            "fetch.wait.max.ms": FETCH_WAIT_MS,
        }
    )
    partitions = [
        TopicPartition(topic, number, OFFSET_BEGINNING)
        for topic in topics
        for number in consumer.list_topics(topic, timeout=_METADATA_WITHIN_S)
        .topics[topic]
        .partitions
    ]
    consumer.assign(partitions)
    lines: list[bytes] = []
    offsets: dict[tuple[str | None, int | None], int] = {}
    with file.open("ab", buffering=0) as output:
        print("ready", flush=True)
        write_at = time.monotonic()
        while True:
            message = consumer.poll(_WRITE_EVERY_S)
            now = time.monotonic_ns()
            if message is not None:
                if error := message.error():
                    raise KafkaException(error)
                where, offset = (message.topic(), message.partition()), message.offset() or 0
                # The mock cluster deletes its oldest records. They must not count as lost.
                if offset != offsets.get(where, offset):
                    raise RuntimeError(f"{where} goes on at offset {offset}: too slow to read it")
                offsets[where] = offset + 1
                topic = (message.topic() or "").encode()
                lines.append(b"%d %s %s\n" % (now, topic, message.value() or b""))
            if lines and (message is None or now / 1e9 > write_at):
                output.write(b"".join(lines))
                lines.clear()
                write_at = now / 1e9 + _WRITE_EVERY_S


def main() -> None:
    """Read the topics until the process is killed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bootstrap")
    parser.add_argument("file", type=Path)
    parser.add_argument("topics", nargs="+")
    options = parser.parse_args()
    consume(options.bootstrap, options.file, options.topics)


if __name__ == "__main__":
    main()
