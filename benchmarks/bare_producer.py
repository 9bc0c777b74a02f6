"""
The baseline for the publisher: a bare loop that produces the same records with librdkafka.

`python -m benchmarks.bare_producer BROKERS TOPIC COUNT [--headers]` prints its duration and its
processor time. Properties, delivery callback and polling are the same as in the publisher.
"""

from __future__ import annotations

import argparse
import json
import time

from confluent_kafka import KafkaError, Message, Producer

from benchmarks.link_load import IDS, NAMES, RECORDS_A_BATCH, VALUE, key_of
from common.settings import read_settings
from common.unix_time import unix_ms
from publisher.delivery.handover import ID_HEADER, Headers
from publisher.kafka.properties import Cluster, producer_properties

WITHIN_S = 120.0

#: Seconds to wait for room when the producer's queue is full, as in the publisher.
_WAIT_S = 0.001


class _Loop:
    def __init__(self, brokers: str, topic: str, *, headers: bool) -> None:
        self._producer = Producer(producer_properties(read_settings({}), Cluster(brokers)))
        self._topic = topic
        self._headers = headers
        self._timestamp = unix_ms()
        self._seq = 0
        self.confirmed = 0

    def run(self, count: int) -> None:
        """Produce *count* records and wait until Kafka has confirmed them."""
        until = self.confirmed + count
        for number in range(count // RECORDS_A_BATCH):
            self._produce(NAMES[number % len(NAMES)])
            self._producer.poll(0)
        self._producer.flush(WITHIN_S)
        if self.confirmed < until:
            raise TimeoutError(f"{until - self.confirmed} records were not confirmed")

    def _produce(self, name: str) -> None:
        """Produce one batch of the reader *name*."""
        key, reader = key_of(name), ("reader", name.encode())
        produce, topic, timestamp, delivered = (
            self._producer.produce,
            self._topic,
            self._timestamp,
            self._delivered,
        )
        for seq, message_id in enumerate(IDS, self._seq):
            headers: Headers = []
            if self._headers:
                headers = [reader, ("seq", b"%d" % seq), (ID_HEADER, message_id)]
            while True:
                try:
                    # Positional: keyword arguments would take a quarter of the call's time.
                    produce(topic, VALUE, key, -1, delivered, None, timestamp, headers)
                except BufferError:
                    self._producer.poll(_WAIT_S)
                else:
                    break
        self._seq += RECORDS_A_BATCH

    def _delivered(self, error: KafkaError | None, _message: Message) -> None:
        self.confirmed += error is None


def main() -> None:
    """Produce the records and print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("brokers")
    parser.add_argument("topic")
    parser.add_argument("count", type=int)
    parser.add_argument("--headers", action="store_true")
    options = parser.parse_args()
    loop = _Loop(options.brokers, options.topic, headers=options.headers)
    loop.run(len(NAMES) * RECORDS_A_BATCH)  # warm-up: connects the producer
    started, used = time.perf_counter(), time.process_time()
    loop.run(options.count)
    figures = {
        "seconds": time.perf_counter() - started,
        "CPU s": time.process_time() - used,
    }
    print(json.dumps(figures), flush=True)


if __name__ == "__main__":
    main()
