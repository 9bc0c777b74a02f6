"""What surrounds a contestant of benchmarks.scale: a local Twitch, Kafka, a consumer and chat."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.arrivals import Arrivals, start_consumer
from benchmarks.kafka import kafka_process
from benchmarks.newcomer import NEWCOMER
from benchmarks.supervised import allow_descriptors
from benchmarks.traffic import Traffic, zipf
from simulator.background import BackgroundChatServer
from tests.end_to_end.service import twitch
from tests.processes import StartProcess, started_processes


@dataclass
class Stage:
    """The processes around a contestant, and the chat of its channels."""

    folder: Path
    start: StartProcess
    chat: BackgroundChatServer
    #: The address of Kafka.
    brokers: str
    channels: Sequence[str]
    traffic: Traffic
    arrivals: Arrivals
    #: The pids of the processes that are not the contestant's: Kafka, the consumer, and this one,
    #: which holds the local Twitch and its chat.
    beside: dict[str, list[int]]


@contextmanager
def stage(channels: Sequence[str], rate: float, kafka: str) -> Iterator[Stage]:
    """
    Give a stage for *channels*, whose chat has *rate* messages per second in total, with bursts.

    *kafka* is `embedded` or `real`, as in `kafka_process`. Raises NoToolchainError if there is no
    real Kafka.
    """
    allow_descriptors()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="b-", dir="/tmp")))
        chat = stack.enter_context(twitch(folder))
        start = stack.enter_context(started_processes(folder))
        brokers, kafka_pid = stack.enter_context(kafka_process(kafka))
        ids = {chat.server.state.room_id(name): name for name in (*channels, NEWCOMER)}
        arrivals = start_consumer(start, brokers, folder, ids)
        traffic = Traffic(chat.server, zipf(channels, rate), bursts=True)
        beside = {"Kafka": [kafka_pid], "consumer": [arrivals.pid], "load": [os.getpid()]}
        yield Stage(folder, start, chat, brokers, channels, traffic, arrivals, beside)
