"""The encrypted link: admitted readers are served, other peers and revoked hosts are not."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import pytest

from common import exit_codes
from common.curve import ReaderKeys
from tests.kafka.cluster import KafkaCluster
from tests.processes import StartProcess, python_module, wait_for_line
from tests.publisher.link.curve_peers import Hosts, connect_and_be_refused, reader_with, stranger
from tests.publisher.peer import Publisher, chat, start_publisher
from tests.topics import read_all

_WITHIN_S = 20


@pytest.fixture
def hosts(short_folder: Path) -> Hosts:
    """Return a publisher's keys, in the folder in which the publisher will run."""
    return Hosts(short_folder / "var", short_folder)


@pytest.fixture
def publisher(processes: StartProcess, kafka: KafkaCluster, topic: str, hosts: Hosts) -> Publisher:
    """Return a running publisher with keys, which admits the host `ours`."""
    hosts.admit("ours")
    return start_publisher(processes, kafka.bootstrap, topic)


def wait_for_refusal(publisher: Publisher, reason: str) -> None:
    """Return once the log has a line about a connection refused for *reason*."""
    wait_for_line(publisher.process, f"refused a connection, {reason}", _WITHIN_S)


def test_an_admitted_reader_is_served(
    publisher: Publisher, hosts: Hosts, kafka: KafkaCluster, topic: str
) -> None:
    """Its batches are acknowledged and published."""
    with reader_with(publisher, hosts.host("ours"), "ours/00") as reader:
        reader.send(chat(1, 100), 1)
        reader.wait_for_acknowledgement(100)
    assert len(read_all(kafka.bootstrap, topic, timeout_s=_WITHIN_S)) == 100


REASONS = {
    "unauthorised": "unknown key",
    # The peer may detect the mismatch first, and disconnect.
    "unencrypted": "(one side encrypts, the other not|no reader)",
    "wrong key": "wrong publisher key",
}


@pytest.mark.parametrize("peer", REASONS)
def test_a_peer_that_is_not_admitted_can_neither_send_nor_receive(
    publisher: Publisher, hosts: Hosts, kafka: KafkaCluster, topic: str, peer: str
) -> None:
    """It receives no announcement and no acknowledgement; its batches are not published."""
    ours = hosts.host("ours")
    keys: dict[str, ReaderKeys | None] = {
        "unauthorised": hosts.host("theirs"),
        "unencrypted": None,
        # Its own keys are admitted.
        "wrong key": ReaderKeys(ours.pair, hosts.host("theirs").pair.public_key),
    }
    reason = REASONS[peer]
    with reader_with(publisher, ours, "ours/00") as reader:
        with stranger(publisher, keys[peer]) as refused:
            refused.send(chat(1, 100), 1, session=reader.session)
            wait_for_refusal(publisher, reason)
            reader.send(chat(1, 10), 1)
            reader.wait_for_acknowledgement(10)
            reader.wait_for_two_announcements()
            assert refused.received() == 0
        assert publisher.process.stop() == 0
    wait_for_line(publisher.process, rf"\d+ connections? refused, {reason}", 1)
    assert len(read_all(kafka.bootstrap, topic, timeout_s=_WITHIN_S)) == 10


def test_many_refusals_are_counted_and_logged_at_a_bounded_rate(
    publisher: Publisher, hosts: Hosts
) -> None:
    """A hundred refusals make a line each 10 s, and the count is logged at the end."""
    started = time.monotonic()
    for _ in range(100):
        connect_and_be_refused(publisher, hosts.host("theirs"), _WITHIN_S)
    with reader_with(publisher, hosts.host("ours"), "ours/00") as reader:
        reader.send(chat(1, 10), 1)
        reader.wait_for_acknowledgement(10)
    assert publisher.process.stop() == 0
    lines = publisher.process.output().count("refused a connection, unknown key")
    assert 1 <= lines <= 1 + (time.monotonic() - started) // 10
    wait_for_line(publisher.process, r"\b100 connections refused, unknown key", 1)


def test_a_host_is_admitted_without_a_restart(publisher: Publisher, hosts: Hosts) -> None:
    """A key that is authorised while the publisher runs is accepted at the next connection."""
    hosts.admit("new")
    wait_for_line(publisher.process, "readers of new are admitted", _WITHIN_S)
    with reader_with(publisher, hosts.host("new"), "new/00") as reader:
        reader.send(chat(1, 10), 1)
        reader.wait_for_acknowledgement(10)


def test_a_revoked_host_is_disconnected(
    publisher: Publisher, hosts: Hosts, kafka: KafkaCluster, topic: str
) -> None:
    """Its connections end, new ones are refused, and other hosts are not affected."""
    hosts.admit("leaving")
    wait_for_line(publisher.process, "readers of leaving are admitted", _WITHIN_S)
    ours = reader_with(publisher, hosts.host("ours"), "ours/00")
    with ours as reader, stranger(publisher, hosts.host("leaving")) as leaving:
        leaving.wait_for_session()
        leaving.send(chat(1, 10), 1)
        leaving.wait_for_acknowledgement(10)

        hosts.revoke("leaving")
        # ZeroMQ reconnects by itself: when that is refused, the old connections have ended.
        wait_for_refusal(publisher, "unknown key")
        reader.wait_for_two_announcements()
        leaving.received()
        leaving.send(chat(11, 10), 11)
        reader.send(chat(101, 10), 1)
        reader.wait_for_acknowledgement(10)
        reader.wait_for_two_announcements()
        assert leaving.received() == 0
    assert len(read_all(kafka.bootstrap, topic, timeout_s=_WITHIN_S)) == 20


def test_a_key_file_that_becomes_invalid_no_longer_admits_its_host(
    publisher: Publisher, hosts: Hosts
) -> None:
    """This is logged, and the publisher continues."""
    (hosts.keys / "authorized" / "ours.json").write_text("{")
    wait_for_line(publisher.process, "an authorised key does not count", _WITHIN_S)
    wait_for_line(publisher.process, "readers of ours are no longer admitted", _WITHIN_S)
    with stranger(publisher, hosts.host("ours")):
        wait_for_refusal(publisher, "unknown key")


@pytest.mark.parametrize("name", ["PUBLISHER_BIND", "PUBLISHER_ACK_BIND"])
def test_the_publisher_does_not_listen_to_other_machines_without_keys(
    processes: StartProcess, name: str
) -> None:
    """It exits as with any wrong setting, and names the command that creates keys."""
    process = processes(python_module("publisher"), {name: "tcp://0.0.0.0:0"})
    assert process.wait(_WITHIN_S) == exit_codes.SETTINGS
    assert f"{name} holds tcp://0.0.0.0:0, which other machines can reach" in process.output()
    assert "twitch-ingestion keys publisher`" in process.output()


@pytest.mark.parametrize("module", ["readers", "readers.drain"])
def test_readers_send_nothing_to_another_machine_without_keys(
    processes: StartProcess, module: str
) -> None:
    """They exit as with any wrong setting, before they connect to anything."""
    with socket.create_server(("127.0.0.1", 0)) as twitch:
        process = processes(
            python_module(module, *(["xqc"] if module == "readers" else [])),
            {
                "PUBLISHER_ENDPOINT": "tcp://192.0.2.1:5557",
                "TWITCH_IRC_HOST": "127.0.0.1",
                "TWITCH_IRC_PORT": str(twitch.getsockname()[1]),
            },
        )
        assert process.wait(_WITHIN_S) == exit_codes.SETTINGS
        twitch.settimeout(0)
        with pytest.raises(BlockingIOError):
            twitch.accept()
    assert "PUBLISHER_ENDPOINT holds tcp://192.0.2.1:5557" in process.output()
    assert "twitch-ingestion keys publisher`" in process.output()
