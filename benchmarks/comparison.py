"""
Compares this service with a Node script for the same job, written with tmi.js and kafkajs in the
usual way: the same lines, over TLS, until a real Kafka has confirmed the last message.

`python -m benchmarks.comparison [--messages N] [--script-messages N] [--rounds N]`. In mode `each`
the script sends every message at once; in mode `batched` it sends every 100 ms, or when it has 500
messages. tmi.js uses WebSocket; here it gets a plain TLS socket, which is less work. Mode `each`
gets fewer messages, because it is slow. Processor time and memory are those of the script, or of
the readers and the publisher together; pages that processes share are counted in each process. The
contestants take turns, and the median round is reported.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks import pipeline
from benchmarks.installation import CHANNEL, PARTITIONS
from benchmarks.load import blocks, chat_lines
from benchmarks.node_scripts import node_script
from benchmarks.report import report
from benchmarks.usage import peak_mib, processor_s
from simulator.certificates import AUTHORITY_FILE
from tests.end_to_end.service import twitch
from tests.kafka.broker import kafka_broker
from tests.processes import started_processes, wait_for_line
from tests.toolchains import NoToolchainError
from tests.topics import create_topic

Figures = dict[str, float]

START_WITHIN_S = 30
WITHIN_S = 120
MODES = ("each", "batched")
SCRIPT = "Node script, {}"
READERS = (1, 8)


def measure_script(bootstrap: str, topic: str, mode: str, messages: int) -> Figures:
    """Return the script's figures in *mode*, `each` or `batched`. Raises NoToolchainError."""
    create_topic(bootstrap, topic, partitions=PARTITIONS)
    said = blocks(chat_lines(CHANNEL, messages))
    with (
        tempfile.TemporaryDirectory(prefix="b-") as folder,
        twitch(Path(folder)) as chat,
        started_processes(Path(folder)) as start,
    ):
        where = ["localhost", str(chat.port), CHANNEL, bootstrap, topic, str(messages)]
        command = node_script("ingest.mjs", mode, *where)
        environment = {"NODE_EXTRA_CA_CERTS": str(Path(folder) / AUTHORITY_FILE)}
        script = start(command, environment | {"KAFKAJS_NO_PARTITIONER_WARNING": "1"})
        wait_for_line(script, "^in the channel", START_WITHIN_S)

        async def say() -> None:
            for block in said:
                await chat.server.send_lines(CHANNEL, block)

        used, started = processor_s(script.pid), time.perf_counter()
        chat.run(say(), timeout_s=WITHIN_S)
        wait_for_line(script, "^confirmed", WITHIN_S)
        return {
            "messages": messages,
            "messages/s": messages / (time.perf_counter() - started),
            "CPU s/million": (processor_s(script.pid) - used) / messages * 1e6,
            "peak MiB": peak_mib(script.pid),
        }


def measure_service(kafka: str, topic: str, readers: int, messages: int) -> Figures:
    """Return the total figures of *readers* and publisher; *kafka* as in `installation`."""
    measured = pipeline.measure(kafka, messages, readers, topic)
    figures = {name: float(str(value)) for name, value in measured.items() if name != "kafka"}
    used_s = figures["reader CPU s"] + figures["publisher CPU s"]
    return {
        "messages": figures["messages"],
        "messages/s": figures["messages/s"],
        "CPU s/million": used_s / figures["messages"] * 1e6,
        "peak MiB": figures["reader peak MiB"] + figures["publisher peak MiB"],
    }


def compare(messages: int, script_messages: int, rounds: int) -> list[dict[str, object]]:
    """Return one row for the script in each mode and for each set-up of this service."""
    measured: dict[tuple[str, str], list[Figures]] = defaultdict(list)
    with kafka_broker() as broker:
        for number in range(rounds):
            for mode, count in zip(MODES, (script_messages, messages), strict=True):
                topic = f"script-{mode}-{number}"
                try:
                    figures = measure_script(broker.bootstrap, topic, mode, count)
                except NoToolchainError as error:
                    print(f"skipping the script: {error}", file=sys.stderr)
                else:
                    measured[SCRIPT.format(mode), "real"].append(figures)
            for kafka, address in {"real": broker.bootstrap, "embedded": "embedded"}.items():
                for readers in READERS:
                    topic = f"readers-{readers}-{number}"
                    figures = measure_service(address, topic, readers, messages)
                    measured[f"{readers} readers", kafka].append(figures)
    return rows(measured)


def rows(measured: Mapping[tuple[str, str], Sequence[Figures]]) -> list[dict[str, object]]:
    """Return one row with the median round of each contestant in *measured*."""
    medians = {
        contestant: sorted(rounds, key=lambda figures: figures["messages/s"])[len(rounds) // 2]
        for contestant, rounds in measured.items()
    }
    return [
        {
            "what": what,
            "kafka": kafka,
            **{name: round(value) for name, value in figures.items()},
            **{f"times {mode}": _ratio(figures, medians, mode) for mode in MODES},
        }
        for (what, kafka), figures in medians.items()
    ]


def _ratio(figures: Figures, medians: Mapping[tuple[str, str], Figures], mode: str) -> object:
    """Return how many times faster *figures* are than the script in *mode*, or "-"."""
    script = medians.get((SCRIPT.format(mode), "real"))
    return round(figures["messages/s"] / script["messages/s"], 1) if script else "-"


def main() -> None:
    """Measure and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=300_000)
    parser.add_argument("--script-messages", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    report("comparison", compare(options.messages, options.script_messages, options.rounds))


if __name__ == "__main__":
    main()
