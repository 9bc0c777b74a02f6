"""`scripts/run` in a fresh clone, and `scripts/dev`, which restarts it."""

from __future__ import annotations

import json
import os
import re
import select
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from urllib.request import urlopen

import pytest

from common.chat_message import decode_chat_message
from simulator.background import BackgroundChatServer
from tests.end_to_end.clones import (
    COMMANDS,
    make_clone,
    press_ctrl_c,
    printed_address_and_topic,
    printed_live_page,
    still_running,
    wait_until_stopped,
)
from tests.end_to_end.supervised_service import SETTINGS, wait_until_joined
from tests.outputs import with_output
from tests.processes import (
    Process,
    StartProcess,
    started_processes,
    wait_for,
    wait_for_line,
)
from tests.topics import kcat_read, read_topic

#: The last line that the script prints when everything runs.
_STARTED = "Ctrl-C stops everything.\n"

#: Settings that the demo must ignore, in the environment and in .env.
_DECOYS = {
    "TWITCH_CHANNELS": "decoy",
    "TWITCH_IRC_HOST": "nowhere.invalid",
    "TWITCH_OAUTH_TOKEN": "oauth:decoy",
    "KAFKA_BROKERS": "nowhere.invalid:9092",
    "KAFKA_CONF_SECURITY_PROTOCOL": "SASL_SSL",
    "KAFKA_TOPIC_CHAT_MESSAGES": "decoy",
    "PUBLISHER_ENDPOINT": "tcp://nowhere.invalid:5557",
    "DELIVERY": "exactly-once",
    "MONITOR_PEERS": "nowhere.invalid:9464",
    "METRICS_PER_CHANNEL": "decoy",
}


def test_the_demo_publishes_the_chat_of_three_channels(run: StartProcess, clone: Path) -> None:
    """With any other settings. Ctrl-C stops all; it can start again at once."""
    (clone / ".env").write_text("".join(f"{name}={value}\n" for name, value in _DECOYS.items()))
    for _ in range(2):
        script = run(["scripts/run", "--demo"], _DECOYS)
        address, topic = printed_address_and_topic(script)
        records = read_topic(address, topic, count=30, timeout_s=60)
        messages = [decode_chat_message(record.value) for record in records]
        assert len({message.channel_id for message in messages}) == 3
        assert topic == "twitch-chat-messages"
        assert "decoy" not in script.output()
        press_ctrl_c(script)
        wait_until_stopped(script)
        assert still_running(script) == []


def test_the_commands_that_the_demo_prints_show_its_messages(
    run: StartProcess, clone: Path
) -> None:
    """`tail`, as a shell runs it, and `kcat`. .env may name other topics, and have no events."""
    others = "KAFKA_TOPIC_CHAT_MESSAGES=decoy\nKAFKA_TOPIC_CHAT_EVENTS=\n"
    (clone / ".env").write_text(f"{others}KAFKA_TOPIC_CHAT_GAPS=decoy-gaps\n")
    script = run(["scripts/run", "--demo"])
    address, topic = printed_address_and_topic(script)
    tail = run(["sh", "-c", wait_for_line(script, COMMANDS, timeout_s=0)[1]])
    topics = "twitch-chat-messages, twitch-chat-events, twitch-chat-gaps, twitch-chat-dead-letters"
    wait_for_line(tail, f"reading topics {topics} at", timeout_s=60)
    wait_for_line(tail, r"^\d\d:\d\d:\d\d #\w+ \w+: ", timeout_s=60)
    [record, *_] = kcat_read(address, topic, count=1)
    assert decode_chat_message(record.value).username
    assert script.stop() == 0


@pytest.mark.parametrize("arguments", [["--demo"], ["xqc"]])
def test_the_first_line_leads_to_the_live_page(
    run: StartProcess, clone: Path, arguments: list[str]
) -> None:
    """Also if its port is taken: by another service, or another demo."""
    with BackgroundChatServer() as twitch, socket.create_server(("127.0.0.1", 0)) as taken:
        (clone / ".env").write_text(SETTINGS.format(port=twitch.port))
        (clone / ".env").chmod(0o600)  # else the installation says that it does so
        port = taken.getsockname()[1]
        script = run(["scripts/run", *arguments], {"MONITOR_BIND": f"127.0.0.1:{port}"})
        page = printed_live_page(script)
        assert script.output().startswith(f"The live page: {page}\n")
        assert page.startswith("http://127.0.0.1:")
        assert f":{port}/" not in page
        printed_address_and_topic(script)
        wait_for_line(script, f"monitor: serving .* at {page}", timeout_s=60)
        with urlopen(page, timeout=60) as response:  # noqa: S310 - it begins with http
            assert response.status == 200
        [top] = (line.strip() for line in script.output().splitlines() if line.endswith(" top"))
        shown = run(["sh", "-c", f"{top} --json"], {"MONITOR_BIND": ""})
        assert shown.wait(timeout_s=60) in (0, 1)
        assert len(json.loads(shown.output())["hosts"]) == 1
        assert script.stop() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_all_processes_stop_with_the_script(run: StartProcess, number: signal.Signals) -> None:
    """On SIGTERM to the script, and on SIGHUP to all, as when a terminal is closed."""
    script = run(["scripts/run", "--demo"])
    printed_address_and_topic(script)
    if number == signal.SIGHUP:
        os.killpg(script.pid, number)
    else:
        script.send(number)
    wait_until_stopped(script)
    assert still_running(script) == []


def test_sigterm_stops_the_script_on_a_stopped_terminal(run: StartProcess, clone: Path) -> None:
    """It waits for nobody who would read what it prints."""
    script = run(with_output("stopped terminal", ["scripts/run", "--demo"]))
    wait_for((clone / "var" / "demo" / "kafka.bootstrap").exists, 60, "the script's text")
    assert script.stop() == 0
    wait_for(lambda: still_running(script) == [], 60, "the end of all processes")


def test_everything_stops_when_the_output_is_closed(run: StartProcess) -> None:
    """As with `scripts/run --demo | head -3`."""
    script = run(["bash", "-c", "set -o pipefail; scripts/run --demo 2>&1 | head -3"])
    assert script.wait(timeout_s=60) == 0
    wait_for(lambda: still_running(script) == [], 60, "the end of all processes")
    assert len(script.output().splitlines()) == 3


def test_another_publisher_on_the_default_ports_gets_nothing(
    run: StartProcess, clone: Path, short_folder: Path
) -> None:
    """The messages go to the Kafka that the script names, also from a second clone."""
    other = make_clone(short_folder / "other")
    with (
        started_processes(other) as start,
        BackgroundChatServer() as twitch,
        occupied("127.0.0.1", 5557, 5558) as connections,
    ):
        for folder in (clone, other):
            settings = SETTINGS.format(port=twitch.port).replace("KAFKA_BROKERS", "# KAFKA_BROKERS")
            settings = re.sub("^PUBLISHER_.*$", "", settings, flags=re.MULTILINE)
            (folder / ".env").write_text(settings)
        scripts = [
            run(["scripts/run", "xqc"]),
            start(["scripts/run", "shroud"], {"PIP_NO_INDEX": "1"}),
        ]
        kafkas = [printed_address_and_topic(script) for script in scripts]
        wait_until_joined(twitch, "xqc", "shroud")
        for channel, (address, topic) in zip(("xqc", "shroud"), kafkas, strict=True):
            twitch.run(twitch.server.say(channel, f"hello {channel}"))
            [record] = read_topic(address, topic, count=1, timeout_s=60)
            assert decode_chat_message(record.value).message == f"hello {channel}"
        assert connections() == 0
        for script in scripts:
            assert script.stop() == 0


@contextmanager
def occupied(host: str, *ports: int) -> Iterator[Callable[[], int]]:
    """Listen on *ports*, unless another program does; yield a count of those who have connected."""
    with ExitStack() as stack:
        listeners = []
        for port in ports:
            with suppress(OSError):  # in use: then it is another's, as on a desk with a service
                listener = stack.enter_context(socket.create_server((host, port)))
                listener.setblocking(False)
                listeners.append(listener)

        def connections() -> int:
            return len(select.select(listeners, [], [], 0)[0])

        yield connections


def test_only_the_given_channels_are_read(run: StartProcess, clone: Path) -> None:
    """Into the embedded Kafka, which the script prints. Other settings are taken from .env."""
    with BackgroundChatServer() as twitch:
        settings = SETTINGS.format(port=twitch.port)
        settings = settings.replace("KAFKA_BROKERS=embedded", "TWITCH_CHANNELS=decoy")
        (clone / ".env").write_text(settings)
        script = run(["scripts/run", "xqc", "#Shroud"])
        wait_until_joined(twitch, "xqc", "shroud")
        address, topic = printed_address_and_topic(script)
        twitch.run(twitch.server.say("shroud", "hello there"))
        [record] = read_topic(address, topic, count=1, timeout_s=60)
        assert decode_chat_message(record.value).message == "hello there"
        assert "the embedded Kafka" in script.output()
        assert "decoy" not in script.output()
        press_ctrl_c(script)
        wait_until_stopped(script)


def test_the_script_runs_in_an_odd_place(short_folder: Path) -> None:
    """With `var` and `.env` elsewhere. The folders beside them hold settings that do not count."""
    clone = make_clone(short_folder / "a %s; #b's ü")
    (short_folder / "disk" / "state").mkdir(parents=True)
    (short_folder / "disk" / ".env").write_text("TWITCH_IRC_HOST=nowhere.invalid\n")
    (clone / "var").symlink_to(short_folder / "disk" / "state")
    (clone / ".env").symlink_to(short_folder / "settings")
    with BackgroundChatServer() as twitch, started_processes(clone) as start:
        settings = SETTINGS.format(port=twitch.port).replace("KAFKA_BROKERS", "# KAFKA_BROKERS")
        (short_folder / "settings").write_text(settings)
        script = start(["scripts/run", "xqc"], {"PIP_NO_INDEX": "1"})
        wait_until_joined(twitch, "xqc")
        address, topic = printed_address_and_topic(script)
        twitch.run(twitch.server.say("xqc", "hello there"))
        [record] = read_topic(address, topic, count=1, timeout_s=60)
        assert decode_chat_message(record.value).message == "hello there"
        assert (short_folder / "disk" / "state" / "run" / "outbox" / "xqc.db").exists()
        press_ctrl_c(script)
        assert script.wait(timeout_s=60) == 0


def test_the_configured_kafka_is_used(run: StartProcess, clone: Path) -> None:
    """The printed commands have the brokers and the topic of .env."""
    settings = SETTINGS.format(port=1).replace("embedded", "127.0.0.1:1")
    (clone / ".env").write_text(f"{settings}KAFKA_TOPIC_CHAT_MESSAGES=talk\n")
    script = run(["scripts/run", "xqc"])
    assert printed_address_and_topic(script) == ("127.0.0.1:1", "talk")
    assert "the embedded Kafka" not in script.output()
    assert script.stop() == 0


def test_dev_restarts_the_service_on_a_change(run: StartProcess, clone: Path) -> None:
    """Also if an editor replaces the file. Ctrl-C leaves no process."""
    for folder in ("auth", "common", "publisher", "readers", "twitch_ingestion"):
        (clone / folder).mkdir()
    script = run(["scripts/dev", "--demo"])
    printed_address_and_topic(script)
    for starts in (2, 3):
        (clone / "new").write_text((clone / "supervisord.conf").read_text())
        (clone / "new").rename(clone / "supervisord.conf")
        wait_for(partial(_has_started, script, starts), timeout_s=60, what="a restart")
    assert script.output().count("Changed: supervisord.conf\n") == 2
    press_ctrl_c(script)
    # supervisord kills a reader after 15 s if the signal reached it before its handler was set.
    assert script.wait(timeout_s=60) == 0
    assert still_running(script) == []


def _has_started(script: Process, times: int) -> bool:
    return script.output().count(_STARTED) == times
