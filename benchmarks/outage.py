"""
Stops a real Kafka for a while under load, and prints what an operator is told each second: on the
live page, in the metrics, by the health checks and by the alerts.

`python -m benchmarks.outage [--seconds N] [--after N] [--rate N]`. It needs `prometheus` (Debian
package). Seconds are counted from the moment when Kafka's process has ended; the lines between two
that differ in more than figures are left out, unless `--all`.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import Iterator, Mapping, Sequence

from confluent_kafka import Consumer, TopicPartition

from benchmarks.installation import TOPIC, machine
from benchmarks.supervised import channel_names, supervised
from benchmarks.traffic import zipf
from benchmarks.watch import Look, Watch
from simulator.chat_server import ChatServer
from tests.deploy.prometheus_server import PrometheusServer
from tests.kafka.broker import kafka_broker
from tests.processes import started_processes, wait_for

_CHANNELS = 6
_BEFORE_S = 20.0
_WITHIN_S = 60.0
_TICK_S = 0.01


def measure(
    seconds: float, after_s: float, rate: float, *, before_s: float = _BEFORE_S
) -> tuple[Watch, float, dict[str, float]]:
    """
    Stop Kafka for *seconds*, while *rate* messages per second are said.

    They are said *before_s* before that, and *after_s* after it.

    Returns the watch, the moment of it when Kafka had stopped, and the final counts.
    """
    with kafka_broker() as broker, supervised(channel_names(_CHANNELS), broker) as running:
        folder = running.service.folder
        address = running.service.monitor_address()
        wait_for(lambda: not Watch(address).look().not_ready, _WITHIN_S, "the service to be ready")
        with started_processes(folder) as start:
            watch = Watch(address, PrometheusServer(start, folder, address, window="2m"))
            is_over = asyncio.Event()
            talk = _talk(running.chat.server, zipf(running.channels, rate), is_over)
            talking = asyncio.run_coroutine_threadsafe(talk, running.chat.loop)
            with watch.each_second():
                time.sleep(before_s)
                broker.stop()
                stopped_at = watch.second
                time.sleep(seconds)
                broker.start()
                time.sleep(after_s)
                running.chat.loop.call_soon_threadsafe(is_over.set)
                said = talking.result(_WITHIN_S) + sum(running.warm_up.values())
                counts = _counts(watch, broker.bootstrap, said)
    return watch, stopped_at, counts


async def _talk(server: ChatServer, rates: Mapping[str, float], is_over: asyncio.Event) -> int:
    """Say messages at *rates* a second, by channel, until *is_over*; return how many."""
    began = time.monotonic()
    said = dict.fromkeys(rates, 0)
    while not is_over.is_set():
        for channel, rate in rates.items():
            while said[channel] < (time.monotonic() - began) * rate:
                said[channel] += 1
                await server.say(channel, f"message {said[channel]}")
        await asyncio.sleep(_TICK_S)
    return sum(said.values())


def _counts(watch: Watch, bootstrap: str, said: int) -> dict[str, float]:
    """Return what became of all *said* messages, once none waits any more."""

    def settled() -> Look | None:
        look = watch.looks[-1]
        figures = look.figures
        is_all = figures.get("received_messages_total") == said
        return look if is_all and not figures["outbox_messages"] else None

    figures = wait_for(settled, _WITHIN_S, "the last confirmation").figures
    return {
        "said": said,
        "received": figures["received_messages_total"],
        # The settings of each chat are published, too.
        "published": figures["published_messages_total"] - figures["received_events_total"],
        "in Kafka": _records(bootstrap),
        "most unaccounted": max(
            abs(look.figures.get("unaccounted_messages", 0)) for look in watch.looks
        ),
        "counters that fell": sum(len(look.fallen) for look in watch.looks),
    }


def _records(bootstrap: str) -> int:
    """Return the number of records in the topic."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "outage"})
    try:
        partitions = consumer.list_topics(TOPIC, timeout=10).topics[TOPIC].partitions
        ends = [
            consumer.get_watermark_offsets(TopicPartition(TOPIC, number), 10)[1]
            for number in partitions
        ]
    finally:
        consumer.close()
    return sum(ends)


def table(looks: Sequence[Look], stopped_at: float, *, every: bool) -> Iterator[str]:
    """Yield a table in Markdown of *looks*: of those alike, the first and the last."""
    yield "| s | page | Kafka reachable | unconfirmed | on disk | published/s | unaccounted |" + (
        " /readyz fails | alerts |"
    )
    yield "|" + "---|" * 9
    kinds = [_kind(look) for look in looks]
    for index, look in enumerate(looks):
        if every or index in (0, len(looks) - 1) or kinds[index - 1] != kinds[index]:
            yield _line(look, looks[index - 1] if index else look, stopped_at)


def _kind(look: Look) -> object:
    """Return what makes a line worth showing: all but numbers."""
    sentence = "".join(letter for letter in look.sentence if not letter.isdigit() and letter != ",")
    return (
        sentence.replace("message ", "messages ").replace("waits", "wait"),
        look.level,
        look.figures.get("kafka_reachable"),
        look.figures.get("unaccounted_messages"),
        sorted(look.not_ready),
        sorted(look.not_live),
        look.alerts,
    )


def _line(look: Look, before: Look, stopped_at: float) -> str:
    figures, earlier = look.figures, before.figures
    name = "published_messages_total"
    seconds = look.second - before.second
    rate = (figures.get(name, 0) - earlier.get(name, 0)) / seconds if seconds else 0
    alerts = (
        f"{name.removeprefix('TwitchIngestion')} {state}" for name, state in look.alerts.items()
    )
    cells = (
        f"{look.second - stopped_at:.0f}",
        look.sentence + (f" ({look.level})" if look.level != "ok" else ""),
        f"{figures.get('kafka_reachable', -1):.0f}",
        f"{figures.get('unconfirmed_messages', -1):,.0f}",
        f"{figures.get('outbox_messages', -1):,.0f}",
        f"{rate:,.0f}",
        f"{figures.get('unaccounted_messages', -1):.0f}",
        "; ".join(f"{name}: {text}" for name, text in look.not_ready.items()),
        ", ".join(sorted(alerts)),
    )
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Measure and print the table and the counts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="how long Kafka is away [60]")
    parser.add_argument("--after", type=float, default=60.0, help="seconds to go on after it [60]")
    parser.add_argument("--rate", type=float, default=300.0, help="messages per second [300]")
    parser.add_argument("--all", action="store_true", help="print each second")
    options = parser.parse_args()
    watch, stopped_at, counts = measure(options.seconds, options.after, options.rate)
    print(f"\noutage on {machine()}")
    for line in table(watch.looks, stopped_at, every=options.all):
        print(line)
    print(", ".join(f"{name} {value:,.0f}" for name, value in counts.items()))
    not_live = [look.second - stopped_at for look in watch.looks if look.not_live]
    for look in watch.looks:
        for text in look.fallen:
            print(f"{look.second - stopped_at:.0f} s: a counter has fallen: {text}")
    print(f"/livez failed in {len(not_live)} of {len(watch.looks)} looks")


if __name__ == "__main__":
    main()
