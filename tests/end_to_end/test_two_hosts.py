"""Readers on one host and the publisher on another, from deploy/, with an encrypted link."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from simulator.background import BackgroundChatServer
from simulator.chat_server import ChatServer
from tests.end_to_end.supervised_service import SupervisedService
from tests.end_to_end.two_hosts import PUBLISHER_ADDRESS, TwoHosts, messages_in, two_hosts
from tests.faults.machine import Cable
from tests.processes import Process, python_module, wait_for, wait_for_line

CHANNELS = ("xqc", "shroud")
_WITHIN_S = 60


@pytest.fixture
def hosts(short_folder: Path) -> Iterator[TwoHosts]:
    """Yield two hosts with a cable between them. Nothing runs on them yet."""
    with two_hosts(short_folder) as hosts:
        yield hosts


@pytest.fixture
def twitch(hosts: TwoHosts) -> Iterator[BackgroundChatServer]:
    """Yield a simulated Twitch that only the readers' host can reach."""
    cable = Cable(hosts.readers.machine, "twitch", 0)
    with BackgroundChatServer(ChatServer(host=cable.address)) as server:
        hosts.readers.set(
            {
                "TWITCH_IRC_HOST": cable.address,
                "TWITCH_IRC_PORT": str(server.port),
                "TWITCH_IRC_TLS": "false",
            }
        )
        yield server


def send_messages(twitch: BackgroundChatServer, first: int, count: int) -> None:
    """Send numbered messages in every channel, and return once the readers have them."""
    for number in range(first, first + count):
        for channel in CHANNELS:
            twitch.run(twitch.server.say(channel, f"{channel} {number}"))
    for channel in CHANNELS:
        twitch.run(twitch.server.ping_and_wait(channel))


def wait_for_messages(tail: Process, count: int) -> None:
    """Return once *tail* has printed *count* messages."""
    wait_for(lambda: len(messages_in(tail.output())) >= count, _WITHIN_S, f"{count} messages")


def start_readers_host(hosts: TwoHosts) -> SupervisedService:
    """Start the readers' host, and return once its readers are in their channels."""
    hosts.readers.set({"PUBLISHER_ENDPOINT": f"tcp://{PUBLISHER_ADDRESS}:5557"})
    hosts.readers.set({"PUBLISHER_ACK_ENDPOINT": f"tcp://{PUBLISHER_ADDRESS}:5558"})
    (hosts.readers.folder / "channels.conf").write_text("\n".join(CHANNELS))
    service = hosts.readers.supervise()
    for channel in CHANNELS:
        wait_for_line(service.supervisord, f"{channel}: .*in the channel", _WITHIN_S)
    return service


def test_two_hosts_continue_after_their_link_was_cut(
    hosts: TwoHosts, twitch: BackgroundChatServer
) -> None:
    """Messages from before, during and after the cut arrive once, in the order of their channel."""
    hosts.publisher.set({"KAFKA_BROKERS": "embedded"})
    hosts.exchange_keys()
    publisher = hosts.publisher.supervise()
    readers = start_readers_host(hosts)
    show = python_module("publisher", "tail", "--json", "--from-beginning")
    tail = hosts.publisher.start(*show)
    of_publisher = {"monitor", "publisher"}
    wait_for(lambda: set(publisher.programs()) == of_publisher, _WITHIN_S, "its programs")
    assert set(readers.programs()) == {"auth", "monitor", *(f"reader-{name}" for name in CHANNELS)}

    send_messages(twitch, 0, 100)
    wait_for_messages(tail, 100 * len(CHANNELS))
    with hosts.unplugged():
        send_messages(twitch, 100, 100)
        for channel in CHANNELS:
            wait_for_line(
                readers.supervisord, f"{channel}: .*no announcement from the publisher", _WITHIN_S
            )
        send_messages(twitch, 200, 100)
        assert len(messages_in(tail.output())) == 100 * len(CHANNELS)
    send_messages(twitch, 300, 100)
    wait_for_messages(tail, 400 * len(CHANNELS))

    # Readers deliver their outboxes before they exit, so nothing is in flight after this.
    assert readers.supervisord.stop(timeout_s=_WITHIN_S) == 0
    assert readers.supervisord.output().count("stopped after 400 messages") == len(CHANNELS)
    texts = [message.message for message in messages_in(tail.output())]
    for channel in CHANNELS:
        expected = [f"{channel} {number}" for number in range(400)]
        assert [text for text in texts if text.startswith(channel)] == expected


def test_hosts_without_keys_report_that_and_exit(
    hosts: TwoHosts, twitch: BackgroundChatServer
) -> None:
    """Publisher and reader exit with status 78. The reader does not connect to Twitch."""
    publisher = hosts.publisher.start(*python_module("publisher"))
    assert publisher.wait(_WITHIN_S) == 78
    assert "twitch-ingestion keys publisher`" in publisher.output()
    reader = hosts.readers.start(*python_module("readers", "xqc"))
    assert reader.wait(_WITHIN_S) == 78
    assert "PUBLISHER_PUBLIC_KEY" in reader.output()
    assert not twitch.server.history
