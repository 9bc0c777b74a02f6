"""A real Apache Kafka for the tests: one KRaft node that can be killed, paused and restarted."""

from __future__ import annotations

import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from tests.kafka.jars import kafka_jars
from tests.ports import free_port
from tests.processes import Process, wait_for

_START_TIMEOUT_S = 60
_STOP_TIMEOUT_S = 30

# 16 bytes in unpadded URL-safe base64, as Kafka wants it: "kafka-for-tests!".
_CLUSTER_ID = "a2Fma2EtZm9yLXRlc3RzIQ"

_PROPERTIES = """
process.roles=broker,controller
node.id=1
listeners=PLAINTEXT://{bootstrap},CONTROLLER://{controller}
controller.listener.names=CONTROLLER
controller.quorum.bootstrap.servers={controller}
log.dirs={data}
auto.create.topics.enable=false
default.replication.factor=1
min.insync.replicas=1
offsets.topic.num.partitions=1
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
log.cleaner.dedupe.buffer.size=8388608
# A killed broker may register again only when its old session is over (default 9 s).
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=400
"""


class KafkaBroker:
    """One Kafka node on loopback; its data outlives `kill` and `restart`."""

    def __init__(self, folder: Path) -> None:
        """Format the storage of a new node in *folder*. Raises NoToolchainError."""
        self.bootstrap = f"127.0.0.1:{free_port()}"
        self._folder = folder
        self._java = ["java", "-Xmx512m", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"]
        self._java += ["-cp", f"{kafka_jars()}/*"]
        self._properties = folder / "server.properties"
        self._properties.write_text(
            _PROPERTIES.format(
                bootstrap=self.bootstrap,
                controller=f"127.0.0.1:{free_port()}",
                data=folder / "data",
            )
        )
        self._format()
        self._process: Process | None = None

    def start(self) -> None:
        """Start the node and wait until it answers. Raises RuntimeError with the log's end."""
        process = Process(
            [*self._java, "kafka.Kafka", str(self._properties)], environment={}, folder=self._folder
        )
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
        """Shut the node down in good order (SIGTERM). Raises TimeoutError after 30 s."""
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

    def resume(self) -> None:
        """Let a paused node go on (SIGCONT)."""
        self._running().send(signal.SIGCONT)

    def _running(self) -> Process:
        if self._process is None:
            raise RuntimeError("Kafka does not run")
        return self._process

    def _format(self) -> None:
        format_storage = ["kafka.tools.StorageTool", "format", "--standalone", "-t", _CLUSTER_ID]
        result = subprocess.run(
            [*self._java, *format_storage, "-c", str(self._properties)],
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_START_TIMEOUT_S,
        )
        if result.returncode != 0:
            raise RuntimeError(f"Kafka's storage could not be formatted:\n{result.stdout}")


@contextmanager
def kafka_broker() -> Iterator[KafkaBroker]:
    """Run a new broker, and remove it and its data at the end. Raises NoToolchainError."""
    with tempfile.TemporaryDirectory(prefix="kafka-") as folder:
        broker = KafkaBroker(Path(folder))
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
