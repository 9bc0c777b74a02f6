"""What a running service tells in its metrics is what was said in chat."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from common.web_address import WebAddress
from monitor.collection.collector import Collector
from monitor.collection.own_address import own_address
from monitor.metrics.text import metrics_text
from simulator.background import BackgroundChatServer
from tests.end_to_end.supervised_service import SupervisedService, prepare, wait_until_joined
from tests.monitor.metrics.hosts import Values, labels_of, parsed, promtool_check
from tests.monitor.web.monitors import Monitor, start_monitor
from tests.processes import StartProcess, wait_for

_WITHIN_S = 60

#: Totals over all channels, topics and reasons, after ten messages, a gap, and the settings of two
#: chats, which are events.
_SUMS = {"published_messages": 13, "received_messages": 10, "gaps_by_reason": 1}


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


def test_a_running_service_serves_what_was_said(
    processes: StartProcess, short_folder: Path, twitch: BackgroundChatServer
) -> None:
    """Each message is received and published once, with a gap record, and the text is valid."""
    prepare(short_folder, chat_port=twitch.port, channels="xqc\nforsen\n")
    with (short_folder / ".env").open("a") as settings:
        settings.write("KAFKA_CONF_STATISTICS_INTERVAL_MS=1000\n")
    service = SupervisedService(processes, short_folder)
    service.wait_for_readers(["xqc", "forsen"])
    wait_until_joined(twitch, "xqc", "forsen")
    say(twitch, "xqc", 7)
    say(twitch, "forsen", 3)
    for connection in twitch.server.members("xqc"):
        twitch.run(connection.close())

    address = own_address(WebAddress("127.0.0.1", 0), short_folder / "var")
    monitor = Monitor(service.supervisord, address)

    def settled() -> str | None:
        text = monitor.get("/metrics").body.decode()
        samples = parsed(text)
        is_known = samples.keys() >= {"kafka_broker_up", "process_resident_memory_bytes"}
        # Each process writes its figures up to a second after the others.
        sums = {name: sum(samples.get(f"{name}_total", {}).values()) for name in _SUMS}
        return text if is_known and sums == _SUMS else None

    text = wait_for(settled, _WITHIN_S, "thirteen records in Kafka, and its client's figures")
    assert promtool_check(text) == ""
    samples = parsed(text)
    assert samples["received_messages_total"] == {
        labels_of(channel="xqc"): 7,
        labels_of(channel="forsen"): 3,
    }
    assert samples["gaps_by_reason_total"][labels_of(reason="disconnected")] == 1
    assert sum(samples["dropped_messages_total"].values()) == 0
    assert value(samples, "taken_messages_total") == 13
    assert value(samples, "delivery_seconds_count") == 10
    assert value(samples, "channels_configured") == 2
    assert samples["program_up"] == {
        labels_of(program=program): 1 for program in ("supervisord", "auth", "publisher", "monitor")
    }
    assert value(samples, "readers", state="FATAL") == 0
    assert value(samples, "kafka_reachable") == 1
    assert value(samples, "kafka_requests_total") > 0
    assert value(samples, "unaccounted_messages") == 0
    assert value(samples, "status_pages_unreadable") == 0

    sums = start_monitor(processes, {"METRICS_PER_CHANNEL": "false"}).get("/metrics")
    assert sums.header("content-type") == "text/plain; version=0.0.4; charset=utf-8"
    assert promtool_check(sums.body.decode()) == ""
    assert value(parsed(sums.body.decode()), "received_messages_total") == 10


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
    # It would start the next one at once.
    service.supervisord.send(signal.SIGSTOP)
    os.kill(reader.pid, signal.SIGKILL)
    wait_for(
        lambda: value(seen(), "reader_in_channel", channel="xqc") == 0,
        _WITHIN_S,
        "the metrics to say that the reader is away",
    )
    service.supervisord.send(signal.SIGCONT)
    wait_for(rejoined, _WITHIN_S, "the next reader to be in the channel")
    say(twitch, "xqc", 5)
    wait_for(lambda: acknowledged(15), _WITHIN_S, "fifteen messages to be acknowledged")

    samples = seen()
    assert value(samples, "gaps_by_reason_total", reason="restarted") == 1
    # With a gap record, and an event: the settings of the chat.
    assert value(samples, "acknowledged_messages_total", channel="xqc") == 17
    assert sum(samples["published_messages_total"].values()) == 17
    assert value(samples, "unaccounted_messages") == 0
