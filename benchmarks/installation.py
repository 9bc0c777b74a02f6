"""A Twitch, a reader, a publisher and a Kafka to measure, as real processes on this machine."""

from __future__ import annotations

import os
import platform
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import zmq

from common.frames import acknowledgement_topic, decode_acknowledgement
from simulator.background import BackgroundChatServer
from tests.end_to_end.service import START_WITHIN_S, Service, twitch
from tests.kafka.broker import kafka_broker
from tests.processes import Process, started_processes, wait_for_line
from tests.topics import create_topic

CHANNEL = "demo_kitchen"
TOPIC = "benchmark"


@dataclass
class Installation:
    """What runs, and an ear on the publisher's acknowledgements."""

    chat: BackgroundChatServer
    service: Service
    publisher: Process
    reader: Process
    acknowledgements: zmq.Socket[bytes]

    def wait_for_acknowledgement(self, seq: int, within_s: float) -> float:
        """Return when (time.perf_counter) Kafka had confirmed everything up to *seq*."""
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline:
            if self.acknowledgements.poll(100):
                _, body = self.acknowledgements.recv_multipart()
                if decode_acknowledgement(body).seq >= seq:
                    return time.perf_counter()
        raise TimeoutError(f"record {seq} was not confirmed within {within_s} s")


@contextmanager
def installation(kafka: str, **settings: str) -> Iterator[Installation]:
    """Run everything, with *kafka* either `embedded` or `real`, and one reader."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="b-", dir="/tmp")))
        chat = stack.enter_context(twitch(folder))
        brokers = "embedded"
        if kafka == "real":
            brokers = stack.enter_context(kafka_broker()).bootstrap
            create_topic(brokers, TOPIC, partitions=6)
        start = stack.enter_context(started_processes(folder))
        service = Service(start, chat, folder, brokers, TOPIC, **settings)
        publisher = service.start_publisher()
        wait_for_line(publisher, "is ready", START_WITHIN_S)
        reader = service.start_reader(CHANNEL)
        wait_for_line(reader, "publisher is there", START_WITHIN_S)
        name = _numbering_name(service, publisher)
        context = stack.enter_context(zmq.Context())
        ear = stack.enter_context(context.socket(zmq.SUB))
        ear.subscribe(acknowledgement_topic(name))
        ear.connect(service.environment["PUBLISHER_ACK_ENDPOINT"])
        yield Installation(chat, service, publisher, reader, ear)


def _numbering_name(service: Service, publisher: Process) -> str:
    """Have one message go through, and return the name that the publisher knows the reader by."""
    service.say(CHANNEL, "warm up")
    return wait_for_line(publisher, r"reader (\S+): first batch", START_WITHIN_S)[1]


def private_mib(pid: int) -> float:
    """Return the memory that process *pid* shares with nobody, in MiB (proc(5), smaps_rollup)."""
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    lines = [line for line in rollup.splitlines() if line.startswith("Private_")]
    return sum(int(line.split()[1]) for line in lines) / 1024


def processor_s(pid: int) -> float:
    """Return the processor time that process *pid* has used, in seconds (proc(5), stat)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def machine() -> str:
    """Return a line that says what machine this is."""
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
