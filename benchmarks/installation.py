"""Starts what is measured: a local Twitch, readers, a publisher and Kafka as real processes."""

from __future__ import annotations

import os
import platform
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import zmq

from benchmarks.acknowledgements import confirmed_at, messages_up_to
from benchmarks.trust import trusted_file
from common.frames import acknowledgement_topic, announcement_topic, decode_acknowledgement
from simulator.background import BackgroundChatServer
from tests.end_to_end.service import START_WITHIN_S, Service, twitch
from tests.kafka.broker import kafka_broker
from tests.processes import Process, started_processes, wait_for_line
from tests.topics import create_topic

CHANNEL = "demo_kitchen"
TOPIC = "benchmark"
PARTITIONS = 6


@dataclass
class Installation:
    """The running processes, and a socket that receives the acknowledgements to these readers."""

    chat: BackgroundChatServer
    service: Service
    publisher: Process
    readers: list[Process]
    acknowledgements: zmq.Socket[bytes]

    @property
    def reader(self) -> Process:
        """The first reader."""
        return self.readers[0]

    def wait_for_acknowledgement(self, messages: int, within_s: float) -> float:
        """
        Wait until Kafka has confirmed the first *messages* of every reader.

        Returns when it had (time.perf_counter). Raises TimeoutError after *within_s* seconds.
        """
        deadline = time.monotonic() + within_s
        confirmed: dict[bytes, float] = {}
        while time.monotonic() < deadline:
            if self.acknowledgements.poll(100):
                topic, body = self.acknowledgements.recv_multipart()
                acknowledgement = decode_acknowledgement(body)
                if messages_up_to(acknowledgement.seq) >= messages:
                    confirmed.setdefault(topic, confirmed_at(acknowledgement))
                if len(confirmed) == len(self.readers):
                    return max(confirmed.values())
        raise TimeoutError(f"message {messages} was not confirmed within {within_s} s")


@contextmanager
def installation(
    kafka: str, *, channels: Sequence[str] = (CHANNEL,), topic: str = TOPIC, **settings: str
) -> Iterator[Installation]:
    """
    Run everything, with one reader for each of *channels*.

    *kafka* is `embedded`, `real`, or the address of a running Kafka. *topic* is created.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="b-", dir="/tmp")))
        chat = stack.enter_context(twitch(folder))
        brokers = kafka
        if kafka == "real":
            brokers = stack.enter_context(kafka_broker()).bootstrap
        if kafka != "embedded":
            create_topic(brokers, topic, partitions=PARTITIONS)
        start = stack.enter_context(started_processes(folder))
        trust = {"SSL_CERT_FILE": str(trusted_file(folder))}
        service = Service(start, chat, folder, brokers, topic, **trust | settings)
        publisher = service.start_publisher()
        wait_for_line(publisher, "is ready", START_WITHIN_S)
        context = stack.enter_context(zmq.Context())
        acknowledgements = stack.enter_context(context.socket(zmq.SUB))
        acknowledgements.connect(service.environment["PUBLISHER_ACK_ENDPOINT"])
        readers = [service.start_reader(channel) for channel in channels]
        for channel, reader in zip(channels, readers, strict=True):
            wait_for_line(reader, "found the publisher", START_WITHIN_S)
            name = _numbering_name(service, publisher, channel)
            acknowledgements.subscribe(acknowledgement_topic(name))
        _wait_until_subscribed(acknowledgements)
        yield Installation(chat, service, publisher, readers, acknowledgements)


def _wait_until_subscribed(socket: zmq.Socket[bytes]) -> None:
    """
    Wait until the publisher knows all subscriptions of *socket*: before that, it sends us nothing.

    It handles them in order, and responds to one for a reader's announcement. No reader has the
    name that is used here.
    """
    topic = announcement_topic("benchmark")
    socket.subscribe(topic)
    while socket.poll(START_WITHIN_S * 1000):
        # Acknowledgements of the first messages may come before the response.
        if socket.recv_multipart()[0] == topic:
            socket.unsubscribe(topic)
            return
    raise TimeoutError(f"the publisher did not respond within {START_WITHIN_S} s")


def _numbering_name(service: Service, publisher: Process, channel: str) -> str:
    """Send one message; return the name that the publisher logs for the reader."""
    service.say(channel, "warm up")
    return wait_for_line(publisher, rf"reader ({channel}\S*): first batch", START_WITHIN_S)[1]


def machine() -> str:
    """Return a one-line description of this machine."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    software = f"Linux {platform.release()}, Python {platform.python_version()}"
    return f"{os.cpu_count()} x {model}, {software}"
