"""A real Apache Kafka for the tests: one KRaft node that can be killed, paused and restarted."""

from __future__ import annotations

import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from tests.kafka.cluster import KafkaCluster
from tests.kafka.prepared import (
    follower_properties,
    follower_storage,
    free_ports,
    prepared_kafka,
    server_properties,
)
from tests.process_table import is_stopped
from tests.processes import Process, wait_for

_START_TIMEOUT_S = 60
_STOP_TIMEOUT_S = 60
_PAUSE_TIMEOUT_S = 60

# What C2 compiles and G1 collects pays only in a longer life; a start takes half the time without.
_SHORT_LIVED = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")


class KafkaBroker:
    """One Kafka node on loopback; its data outlives `kill` and `restart`."""

    def __init__(
        self,
        folder: Path,
        *,
        short_lived: bool = False,
        leader: KafkaBroker | None = None,
        number: int = 2,
        more_properties: str = "",
    ) -> None:
        """Make a new node in *folder*, tuned for a quick start or else as Java is by default.

        *more_properties* are lines for its server.properties, which take precedence.
        It is a cluster of its own, or the broker *number*, 2 to 9, in the cluster of *leader*.
        Raises NoToolchainError.
        """
        self.ports = ports = free_ports()
        self.bootstrap = f"127.0.0.1:{ports.open}"
        self.cluster = KafkaCluster(self.bootstrap, f"127.0.0.1:{ports.login}")
        self._folder = folder
        kafka = prepared_kafka()
        data, properties = folder / "data", folder / "server.properties"
        shutil.copytree(kafka.storage, data)
        if leader is None:
            properties.write_text(server_properties(data, ports))
        else:
            (data / "meta.properties").write_text(follower_storage(number))
            properties.write_text(follower_properties(data, ports, leader.ports, number))
        with properties.open("a") as file:
            file.write(more_properties)
        java = kafka.java(*_SHORT_LIVED) if short_lived else kafka.java()
        self._command = [*java, "kafka.Kafka", str(properties)]
        self._process: Process | None = None

    def start(self) -> None:
        """Start the node and wait until it answers. Raises RuntimeError with the log's end."""
        process = Process(self._command, environment={}, folder=self._folder)
        self._process = process
        admin = AdminClient(
            {"bootstrap.servers": self.bootstrap, "log_level": 2, "reconnect.backoff.max.ms": 100}
        )
        try:
            wait_for(
                lambda: process.status is not None or _answers(admin), _START_TIMEOUT_S, "Kafka"
            )
        except TimeoutError:
            raise RuntimeError(f"no answer in {_START_TIMEOUT_S} s: {process.tail()}") from None
        if process.status is not None:
            raise RuntimeError(f"Kafka did not start: {process.tail()}")

    def kill(self) -> None:
        """End the node at once (SIGKILL), as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process = None

    def stop(self) -> None:
        """Shut the node down in good order (SIGTERM). Raises TimeoutError after 60 s."""
        if self._process is not None:
            self._process.stop(signal.SIGTERM, _STOP_TIMEOUT_S)
            self.kill()

    def restart(self) -> None:
        """Start the node again on the same ports and data; one that runs is stopped first."""
        self.stop()
        self.start()

    def pause(self) -> None:
        """Freeze the node (SIGSTOP): its connections stay and nothing is answered."""
        self._running().send(signal.SIGSTOP)
        wait_for(lambda: is_stopped(self.pid), _PAUSE_TIMEOUT_S, "the end of all its threads' work")

    def resume(self) -> None:
        """Let a paused node go on (SIGCONT)."""
        self._running().send(signal.SIGCONT)

    @property
    def pid(self) -> int:
        """The id of the node's process."""
        return self._running().pid

    def stored_bytes(self, topic: str) -> int:
        """Return the size of all records of *topic* on the node's disk."""
        logs = (self._folder / "data").glob(f"{topic}-*/*.log")
        return sum(log.stat().st_size for log in logs)

    def _running(self) -> Process:
        if self._process is None:
            raise RuntimeError("Kafka does not run")
        return self._process


@contextmanager
def kafka_broker(
    *,
    short_lived: bool = False,
    leader: KafkaBroker | None = None,
    number: int = 2,
    more_properties: str = "",
) -> Iterator[KafkaBroker]:
    """
    Run a new KafkaBroker, whose arguments are the same, and remove it and its data at the end.

    Raises NoToolchainError.
    """
    with tempfile.TemporaryDirectory(prefix="kafka-") as folder:
        broker = KafkaBroker(
            Path(folder),
            short_lived=short_lived,
            leader=leader,
            number=number,
            more_properties=more_properties,
        )
        try:
            broker.start()
            yield broker
        finally:
            broker.kill()


def _answers(admin: AdminClient) -> bool:
    try:
        return bool(admin.list_topics(timeout=0.5).brokers)
    except KafkaException:
        return False
