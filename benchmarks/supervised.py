"""Runs the whole service under a real supervisord with a local Twitch, for many channels."""

from __future__ import annotations

import re
import resource
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.acknowledgements import Acknowledgements, acknowledgements
from benchmarks.installation import PARTITIONS, TOPIC
from benchmarks.traffic import Traffic
from benchmarks.trust import trusted_file
from simulator.background import BackgroundChatServer
from tests.end_to_end.service import Service, twitch
from tests.end_to_end.supervised_service import SupervisedService, prepare
from tests.kafka.broker import KafkaBroker, kafka_broker
from tests.process_table import RunningProcess, running_processes
from tests.processes import started_processes
from tests.topics import create_topic

#: Seconds that the start may take, and additional seconds for each channel.
_START_WITHIN_S = 60.0
_START_WITHIN_S_A_CHANNEL = 2.0
_CONFIRM_WITHIN_S = 60.0
_WARM_UP_AGAIN_AFTER_S = 5.0

#: The command lines of the measured processes other than supervisord.
_PROGRAM = re.compile(r" -m (publisher|monitor|readers \w+) *$")

#: All programs of the service, and the command line of each but supervisord.
PROGRAMS = {
    "readers": re.compile(r" -m readers \w+ *$"),
    "publisher": re.compile(r" -m publisher *$"),
    "fork server": re.compile(r" -m readers\.fork_server\b"),
    "supervisord": None,
    "monitor": re.compile(r" -m monitor *$"),
    "auth": re.compile(r" -m auth *$"),
}


@dataclass
class Running:
    """The running service."""

    chat: BackgroundChatServer
    service: SupervisedService
    channels: Sequence[str]
    #: Seconds from the start of supervisord until the last reader had joined its channel.
    start_s: float
    #: Where the publisher sends its acknowledgements.
    acknowledgements_endpoint: str

    def by_program(self) -> dict[str, list[int]]:
        """Return the pids of each of PROGRAMS. Raises RuntimeError if another process runs."""
        session = self.service.supervisord.pid
        pids: dict[str, list[int]] = {name: [] for name in PROGRAMS}
        for process in running_processes():
            if process.session == session:
                pids[_program(process, session)].append(process.pid)
        return pids

    def processes(self) -> dict[str, int]:
        """Return the pids: `supervisord`, `publisher`, `monitor`, and each `readers CHANNEL`."""
        session = self.service.supervisord.pid
        named = {"supervisord": session}
        for process in running_processes():
            if process.session == session and (found := _PROGRAM.search(process.command())):
                named[found[1]] = process.pid
        return named


@dataclass
class Supervised(Running):
    """The running service, and what its publisher acknowledges."""

    acknowledgements: Acknowledgements
    #: Number of warm-up messages of each channel.
    warm_up: dict[str, int]

    def wait_until_confirmed(self, messages: Mapping[str, int], within_s: float) -> None:
        """Wait until so many *messages* of each channel are confirmed. Raises TimeoutError."""
        deadline = time.monotonic() + within_s
        last = self.acknowledgements.last
        while missing := [name for name, wanted in messages.items() if last.get(name, 0) < wanted]:
            if time.monotonic() > deadline:
                raise TimeoutError(
                    f"{len(missing)} channels lack confirmations, for example {missing[0]}"
                )
            self.acknowledgements.receive(0.1)


def channel_names(count: int) -> list[str]:
    """Return the names of *count* channels."""
    return [f"channel_{number}" for number in range(count)]


def unconfirmed(running: Supervised, traffic: Traffic) -> int:
    """Return the number of *traffic*'s messages without a received confirmation."""
    last = running.acknowledgements.last
    return sum(
        running.warm_up[channel] + len(times) - last[channel]
        for channel, times in traffic.said.items()
    )


def _program(process: RunningProcess, session: int) -> str:
    """Return which of PROGRAMS *process* is; *session* is supervisord's pid."""
    if process.pid == session:
        return "supervisord"
    command = process.command()
    for name, pattern in PROGRAMS.items():
        if pattern is not None and pattern.search(command):
            return name
    raise RuntimeError(f"a process that is no program of the service: {command}")


@contextmanager
def under_supervisord(
    channels: Sequence[str], chat: BackgroundChatServer, brokers: str, folder: Path
) -> Iterator[Running]:
    """
    Run the service in *folder*, with KAFKA_BROKERS=*brokers*.

    When it yields, each reader has joined its channel, and the monitor listens. Raises TimeoutError
    if the start takes too long.
    """
    allow_descriptors()
    prepare(folder, chat_port=chat.port, channels="\n".join(channels))
    # It is for a Twitch without TLS; the environment has our settings.
    (folder / ".env").unlink()
    with started_processes(folder) as start:
        trust = {"SSL_CERT_FILE": str(trusted_file(folder))}
        environment = Service(start, chat, folder, brokers, TOPIC, **trust).environment
        started = time.perf_counter()
        service = SupervisedService(partial(start, environment=environment), folder)
        wait_for_joins(chat, channels)
        start_s = time.perf_counter() - started
        service.monitor_address()
        endpoint = environment["PUBLISHER_ACK_ENDPOINT"]
        yield Running(chat, service, channels, start_s, endpoint)


@contextmanager
def supervised(channels: Sequence[str], kafka: str | KafkaBroker) -> Iterator[Supervised]:
    """
    Run everything, with *kafka* either `embedded`, `real`, or a broker that runs.

    When it yields, each channel has had a message confirmed, and the monitor listens. Raises
    TimeoutError if the start takes too long.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="b-", dir="/tmp")))
        chat = stack.enter_context(twitch(folder))
        brokers = "embedded"
        if kafka != "embedded":
            broker = stack.enter_context(kafka_broker()) if isinstance(kafka, str) else kafka
            brokers = broker.bootstrap
            create_topic(brokers, TOPIC, partitions=PARTITIONS)
        running = stack.enter_context(under_supervisord(channels, chat, brokers, folder))
        endpoint = running.acknowledgements_endpoint
        acknowledged = Supervised(
            **vars(running),
            acknowledgements=stack.enter_context(acknowledgements(endpoint)),
            warm_up=dict.fromkeys(channels, 0),
        )
        _warm_up(acknowledged)
        yield acknowledged


def wait_for_joins(chat: BackgroundChatServer, channels: Sequence[str]) -> None:
    """Return once each of *channels* has a member. Raises TimeoutError if that takes too long."""
    within_s = _START_WITHIN_S + len(channels) * _START_WITHIN_S_A_CHANNEL
    for channel in channels:
        chat.run(chat.server.wait_for_join(channel, timeout_s=within_s), timeout_s=within_s + 1)


def _warm_up(running: Supervised) -> None:
    """
    Send a message through every reader.

    It may be acknowledged before our socket has connected. Then another message is sent: its
    acknowledgement covers both.
    """
    deadline = time.monotonic() + _CONFIRM_WITHIN_S
    said, last = running.warm_up, running.acknowledgements.last
    while waiting := [name for name in running.channels if last.get(name) != said[name]]:
        if time.monotonic() > deadline:
            raise TimeoutError(
                f"{len(waiting)} channels have no confirmation, for example {waiting[0]}"
            )
        for channel in waiting:
            running.chat.run(running.chat.server.say(channel, "warm up"))
            said[channel] += 1
        with suppress(TimeoutError):
            running.wait_until_confirmed(said, _WARM_UP_AGAIN_AFTER_S)


def allow_descriptors() -> None:
    """Raise this process's limit of open files: the local Twitch has many connections."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
