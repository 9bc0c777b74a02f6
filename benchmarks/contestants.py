"""The contestants of benchmarks.scale: this service, and a Node script that reads all channels."""

from __future__ import annotations

import os
import platform
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from benchmarks.installation import TOPIC
from benchmarks.newcomer import newcomer_s
from benchmarks.node_scripts import node_script, node_version
from benchmarks.stage import Stage
from benchmarks.supervised import under_supervisord, wait_for_joins
from simulator.certificates import AUTHORITY_FILE

SERVICE = "this service"
SCRIPT = "Node, {}"

#: The busiest channel's reader. Each reader has one channel.
_A_READER = "the busiest channel's reader"
_THE_PUBLISHER = "the publisher"
_THE_SCRIPT = "the process"


@dataclass
class Contestant:
    """A program, or several, which reads all channels of a stage."""

    what: str
    #: The interpreter and its version.
    runs_on: str
    #: Seconds from its start until it was in all channels.
    start_s: float
    #: Its processes. `readers` are those that read chat.
    pids: Mapping[str, Sequence[int]]
    #: What kills one of its processes (SIGKILL) and lets it be started again, by its name.
    kills: Mapping[str, Callable[[], None]]
    #: Adds a channel and returns the seconds until its first message is in Kafka, or None.
    add_channel: Callable[[], float] | None = None


@contextmanager
def service(stage: Stage) -> Iterator[Contestant]:
    """Run this service: a reader for each channel, the publisher, and all else of a host."""
    with under_supervisord(stage.channels, stage.chat, stage.brokers, stage.folder) as running:

        def kill(name: str) -> None:
            # supervisord starts it again.
            os.kill(running.processes()[name], signal.SIGKILL)

        yield Contestant(
            what=SERVICE,
            runs_on=f"Python {platform.python_version()}",
            start_s=running.start_s,
            pids=running.by_program(),
            kills={
                _A_READER: lambda: kill(f"readers {stage.channels[0]}"),
                _THE_PUBLISHER: lambda: kill("publisher"),
            },
            add_channel=lambda: newcomer_s(running, stage.arrivals),
        )


@contextmanager
def script(stage: Stage, mode: str) -> Iterator[Contestant]:
    """
    Run the Node script in *mode*, `each` or `batched`; one process joins all channels.

    Raises NoToolchainError.
    """
    where = ["localhost", str(stage.chat.port), ",".join(stage.channels), stage.brokers, TOPIC]
    command = node_script("ingest.mjs", mode, *where)
    environment = {
        "NODE_EXTRA_CA_CERTS": str(stage.folder / AUTHORITY_FILE),
        "KAFKAJS_NO_PARTITIONER_WARNING": "1",
    }
    started = time.perf_counter()
    process = stage.start(command, environment)
    wait_for_joins(stage.chat, stage.channels)
    start_s = time.perf_counter() - started

    def kill_and_start_again() -> None:
        process.kill()
        stage.start(command, environment)

    yield Contestant(
        what=SCRIPT.format(mode),
        runs_on=f"Node {node_version()}",
        start_s=start_s,
        pids={"readers": [process.pid]},
        kills={_THE_SCRIPT: kill_and_start_again},
    )
