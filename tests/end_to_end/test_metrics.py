"""What a running service tells in its metrics is what was said in chat."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from monitor.collection.collector import Collector
from monitor.metrics.text import metrics_text
from simulator.background import BackgroundChatServer
from tests.end_to_end.supervised_service import SupervisedService, prepare, wait_until_joined
from tests.monitor.metrics.hosts import Values, labels_of, parsed
from tests.processes import StartProcess, wait_for

_WITHIN_S = 60


def say(twitch: BackgroundChatServer, channel: str, count: int) -> None:
    """Say *count* messages in *channel*."""
    for number in range(count):
        twitch.run(twitch.server.say(channel, f"message {number}"))


def scrape(collector: Collector) -> dict[str, Values]:
    """Return what Prometheus would read now."""
    return parsed(metrics_text(collector.collect(), per_channel=True))


def value(samples: dict[str, Values], name: str, **labels: str) -> float:
    """Return one value; 0 if it is not there yet."""
    return samples.get(name, {}).get(labels_of(**labels), 0)


def test_counters_go_on_after_a_reader_was_killed(
    processes: StartProcess, short_folder: Path, twitch: BackgroundChatServer
) -> None:
    """No counter falls meanwhile, also not for a moment: Prometheus would count all of it again."""
    prepare(short_folder, chat_port=twitch.port, channels="xqc\n")
    service = SupervisedService(processes, short_folder)
    reader = service.wait_for_readers(["xqc"])["reader-xqc"]
    wait_until_joined(twitch, "xqc")
    say(twitch, "xqc", 10)
    collector = Collector(short_folder / "var", short_folder)
    counters: dict[tuple[str, frozenset[tuple[str, str]]], float] = {}

    def seen() -> dict[str, Values]:
        samples = scrape(collector)
        now = {
            (name, labels): number
            for name, values in samples.items()
            if name.endswith("_total")
            for labels, number in values.items()
        }
        fallen = {key: (old, now.get(key)) for key, old in counters.items()}
        assert {k: (o, n) for k, (o, n) in fallen.items() if n is None or n < o} == {}
        counters.update(now)
        return samples

    def acknowledged(count: int) -> bool:
        samples = seen()
        return (
            value(samples, "received_messages_total", channel="xqc") == count
            and value(samples, "outbox_messages", channel="xqc") == 0
            and value(samples, "unconfirmed_messages") == 0
        )

    def rejoined() -> bool:
        samples = seen()
        return (
            value(samples, "reader_connects_total", channel="xqc") == 2
            and value(samples, "reader_in_channel", channel="xqc") == 1
        )

    wait_for(lambda: acknowledged(10), _WITHIN_S, "ten messages to be acknowledged")
    os.kill(reader.pid, signal.SIGKILL)
    wait_for(
        lambda: value(seen(), "reader_in_channel", channel="xqc") == 0,
        _WITHIN_S,
        "the metrics to say that the reader is away",
    )
    wait_for(rejoined, _WITHIN_S, "the next reader to be in the channel")
    say(twitch, "xqc", 5)
    wait_for(lambda: acknowledged(15), _WITHIN_S, "fifteen messages to be acknowledged")

    samples = seen()
    assert value(samples, "gaps_by_reason_total", reason="restarted") == 1
    assert value(samples, "acknowledged_messages_total", channel="xqc") == 16
    assert sum(samples["published_messages_total"].values()) == 16
    assert value(samples, "unaccounted_messages") == 0
