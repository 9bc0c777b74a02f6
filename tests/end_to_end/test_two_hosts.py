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
    """Return two hosts with a cable between them, on which nothing runs."""
    with two_hosts(short_folder) as hosts:
        yield hosts


@pytest.fixture
def twitch(hosts: TwoHosts) -> Iterator[BackgroundChatServer]:
    """Return a Twitch that only the readers' host has a cable to."""
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


def say(twitch: BackgroundChatServer, first: int, count: int) -> None:
    """Have numbered messages said in every channel, and return when they were read."""
    for number in range(first, first + count):
        for channel in CHANNELS:
            twitch.run(twitch.server.say(channel, f"{channel} {number}"))
    for channel in CHANNELS:
        twitch.run(twitch.server.ping_and_wait(channel))


def wait_for_messages(tail: Process, count: int) -> None:
    """Return once *tail* has printed *count* messages."""
    wait_for(lambda: len(messages_in(tail.output())) >= count, _WITHIN_S, f"{count} messages")


def start_readers_host(hosts: TwoHosts) -> SupervisedService:
    """Start the readers' host, and return when its readers are in their channels."""
    hosts.readers.set({"PUBLISHER_ENDPOINT": f"tcp://{PUBLISHER_ADDRESS}:5557"})
    hosts.readers.set({"PUBLISHER_ACK_ENDPOINT": f"tcp://{PUBLISHER_ADDRESS}:5558"})
    (hosts.readers.folder / "channels.conf").write_text("\n".join(CHANNELS))
    service = hosts.readers.supervise()
    for channel in CHANNELS:
        wait_for_line(service.supervisord, f"{channel}: .*in the channel", _WITHIN_S)
    return service


def test_two_hosts_go_on_after_their_link_was_cut(
    hosts: TwoHosts, twitch: BackgroundChatServer
) -> None:
    """What is said before, meanwhile and after arrives once, in order of its channel."""
    hosts.publisher.set({"KAFKA_BROKERS": "embedded"})
    hosts.exchange_keys()
    publisher = hosts.publisher.supervise()
    readers = start_readers_host(hosts)
    tail = hosts.publisher.start(*python_module("publisher", "tail", "--from-beginning"))
    assert set(publisher.programs()) == {"publisher"}
    assert set(readers.programs()) == {"auth", "channels", *(f"reader-{name}" for name in CHANNELS)}

    say(twitch, 0, 100)
    wait_for_messages(tail, 100 * len(CHANNELS))
    with hosts.unplugged():
        say(twitch, 100, 100)
        for channel in CHANNELS:
            wait_for_line(readers.supervisord, f"{channel}: publisher .* is not heard", _WITHIN_S)
        say(twitch, 200, 100)
        assert len(messages_in(tail.output())) == 100 * len(CHANNELS)
    say(twitch, 300, 100)
    wait_for_messages(tail, 400 * len(CHANNELS))

    # Nothing more is on its way: readers hand over what they hold before they end.
    assert readers.supervisord.stop(timeout_s=_WITHIN_S) == 0
    assert readers.supervisord.output().count("stopped after 400 messages") == len(CHANNELS)
    texts = [message.message for message in messages_in(tail.output())]
    for channel in CHANNELS:
        expected = [f"{channel} {number}" for number in range(400)]
        assert [text for text in texts if text.startswith(channel)] == expected


def test_hosts_that_have_not_exchanged_keys_say_so(
    hosts: TwoHosts, twitch: BackgroundChatServer
) -> None:
    """Neither starts without keys; with keys of its own, a host that is not admitted is told."""
    publisher = hosts.publisher.start(*python_module("publisher"))
    assert publisher.wait(_WITHIN_S) == 78
    assert "run `python -m common.keys publisher`" in publisher.output()
    reader = hosts.readers.start(*python_module("readers", "xqc"))
    assert reader.wait(_WITHIN_S) == 78
    assert "PUBLISHER_PUBLIC_KEY" in reader.output()
    assert not twitch.server.history
