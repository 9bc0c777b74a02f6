"""
Compares what compressing chat costs and saves, from a reader's TLS socket to a real Kafka.

`python -m benchmarks.compression [--chat FILE] [--messages N] [--rate N] [--seconds N]
[--rounds N] [--codec NAME ...]`. FILE has recorded chat, a line of IRC per line; the default is the
demo's. Each codec is measured under full load and at a steady rate, where batches are small. The
codecs take turns, and the medians are reported. Then the recorded messages, each once, are written
in batches of several sizes. Sizes are those of Kafka's files: the batches as they were sent.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from confluent_kafka import Producer

from benchmarks.installation import CHANNEL, Installation, installation
from benchmarks.latency import say_steadily
from benchmarks.load import blocks, demo_chat, numbered, recombined
from benchmarks.percentiles import percentiles_ms
from benchmarks.pipeline import WITHIN_S, say
from benchmarks.report import report
from benchmarks.usage import processor_s
from common.settings import read_settings
from publisher.kafka.properties import Cluster, producer_properties
from tests.kafka.broker import KafkaBroker, kafka_broker
from tests.topics import Record, create_topic, read_all

CODECS = ("none", "gzip", "snappy", "lz4", "zstd")

#: Messages per batch, of which the size is measured.
_BATCHES = (1, 3, 10, 30, 100)

_Figures = dict[str, float]


def measure(
    broker: KafkaBroker, codec: str, lines: Sequence[bytes], rate: int, topic: str
) -> _Figures:
    """Return the figures for *lines*, said at *rate*, or as fast as possible if that is 0."""
    settings = {"KAFKA_CONF_COMPRESSION_TYPE": codec}
    with installation(broker.bootstrap, topic=topic, **settings) as running:
        pids = {"publisher": running.publisher.pid, "Kafka": broker.pid}
        used = {name: processor_s(pid) for name, pid in pids.items()}
        figures = _steady(running, lines, rate) if rate else _full(running, lines)
        for name, pid in pids.items():
            figures[f"{name} us"] = (processor_s(pid) - used[name]) / len(lines) * 1e6
    return figures


def _full(running: Installation, lines: Sequence[bytes]) -> _Figures:
    started = time.perf_counter()
    say(running, {CHANNEL: blocks(list(lines))})
    # + 1 for the warm-up message.
    seconds = running.wait_for_acknowledgement(len(lines) + 1, WITHIN_S) - started
    return {"messages/s": len(lines) / seconds}


def _steady(running: Installation, lines: Sequence[bytes], rate: int) -> _Figures:
    return percentiles_ms(say_steadily(running, lines, rate))


def compare(
    broker: KafkaBroker, codecs: Sequence[str], lines: Sequence[bytes], rate: int, rounds: int
) -> list[dict[str, object]]:
    """Return one row for each codec, with the medians of *rounds*."""
    runs: dict[str, list[_Figures]] = {codec: [] for codec in codecs}
    for number in range(rounds):
        # In turns, so that other load on the machine affects all of them.
        for codec in codecs:
            topic = f"chat-{codec}-{rate}-{number}"
            runs[codec].append(measure(broker, codec, lines, rate, topic))
    return [
        {
            "codec": codec,
            "messages": len(lines),
            "rounds": rounds,
            **{name: round(median(run[name] for run in found), 1) for name in found[0]},
        }
        for codec, found in runs.items()
    ]


def sizes(
    broker: KafkaBroker, codecs: Sequence[str], recorded: Sequence[bytes]
) -> list[dict[str, object]]:
    """Return a row for each codec: bytes per message of *recorded* chat, by messages per batch."""
    topic = "chat-recorded"
    measure(broker, "none", numbered(recorded, CHANNEL, len(recorded)), 0, topic)
    # The first one has warmed the installation up.
    records = read_all(broker.bootstrap, topic, timeout_s=WITHIN_S)[1:]
    batches = [size for size in _BATCHES if size < len(records)] + [len(records)]
    return [
        {
            "codec": codec,
            **{
                f"batch of {size:,}": round(_size(broker, codec, records, size), 1)
                for size in batches
            },
        }
        for codec in codecs
    ]


def _size(broker: KafkaBroker, codec: str, records: Sequence[Record], batch: int) -> float:
    """Return the bytes per message of *records* in batches of *batch*."""
    topic = f"size-{codec}-{batch}"
    create_topic(broker.bootstrap, topic, partitions=1)
    settings = read_settings({"KAFKA_CONF_COMPRESSION_TYPE": codec})
    producer = Producer(
        {
            **producer_properties(settings, Cluster(broker.bootstrap)),
            "batch.num.messages": str(batch),
            # A batch is sent when it is full, or by flush().
            "linger.ms": "10000",
        }
    )
    for start in range(0, len(records), batch):
        for record in records[start : start + batch]:
            producer.produce(
                topic,
                record.value,
                record.key,
                timestamp=record.timestamp,
                headers=list(record.headers.items()),
            )
        if producer.flush(WITHIN_S):
            raise TimeoutError(f"a batch was not confirmed within {WITHIN_S} s")
    return broker.stored_bytes(topic) / len(records)


def main() -> None:
    """Measure and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chat", type=Path)
    parser.add_argument("--messages", type=int, default=200_000)
    parser.add_argument("--rate", type=int, default=100)
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--codec", choices=CODECS, nargs="*", default=CODECS)
    options = parser.parse_args()
    recorded = _chat_in(options.chat) if options.chat else demo_chat()
    count = options.rate * options.seconds
    with kafka_broker() as broker:
        measure(broker, "none", recombined(recorded, CHANNEL, 50_000), 0, "warm-up")
        lines = recombined(recorded, CHANNEL, options.messages)
        full = compare(broker, options.codec, lines, 0, options.rounds)
        steady = compare(broker, options.codec, lines[:count], options.rate, options.rounds)
        bytes_a_message = sizes(broker, options.codec, recorded)
    report("compression, full load", full)
    report(f"compression, {options.rate} messages/s", steady)
    report("compression, bytes per message", bytes_a_message)


def _chat_in(file: Path) -> list[bytes]:
    return [line for line in file.read_bytes().splitlines() if b" PRIVMSG #" in line]


if __name__ == "__main__":
    main()
