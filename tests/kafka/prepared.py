"""Fetches Apache Kafka once and prepares it for quick starts, in var/test-kafka."""

from __future__ import annotations

import base64
import hashlib
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from common.file_lock import file_lock
from tests.ports import free_port
from tests.processes import REPOSITORY, started_processes, wait_for_line
from tests.toolchains import require_toolchain, run_toolchain

_POM = Path(__file__).parent / "pom.xml"
_STORE = REPOSITORY / "var" / "test-kafka"
_FETCH_TIMEOUT_S = 100
_JAVA_TIMEOUT_S = 60
#: Java formats the storage, and starts and stops a node.
_PREPARE_TIMEOUT_S = _FETCH_TIMEOUT_S + 3 * _JAVA_TIMEOUT_S

_ARCHIVE = "classes.jsa"
#: Made when all else is there.
_COMPLETE = "complete"

# 16 bytes in unpadded URL-safe base64, as Kafka wants it: "kafka-for-tests!".
_CLUSTER_ID = "a2Fma2EtZm9yLXRlc3RzIQ"

_PROPERTIES = r"""
process.roles=broker,controller
node.id=1
listeners=PLAINTEXT://127.0.0.1:{ports.open},SASL_PLAINTEXT://127.0.0.1:{ports.login},\
CONTROLLER://127.0.0.1:{ports.controller}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,\
SASL_PLAINTEXT:SASL_PLAINTEXT
controller.listener.names=CONTROLLER
controller.quorum.voters=1@127.0.0.1:{ports.controller}
log.dirs={data}
# Clients that do not log in may do everything, the one that does only what its ACLs allow.
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS
sasl.enabled.mechanisms=PLAIN
listener.name.sasl_plaintext.plain.sasl.jaas.config=\
org.apache.kafka.common.security.plain.PlainLoginModule required user_{user}="{password}";
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
# Some tests write records with timestamps of years ago.
log.retention.ms=-1
# A killed broker may register again only when its old session is over (default 9 s).
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=400
"""


#: The user of the listener that requires a login.
USER, PASSWORD = "publisher", "a-password-for-tests"


class Ports(NamedTuple):
    """The TCP ports of a node: for clients that do not log in, for those that do, for itself."""

    open: int
    login: int
    controller: int


def free_ports() -> Ports:
    """Return ports for one node."""
    return Ports(free_port(), free_port(), free_port())


@dataclass(frozen=True)
class PreparedKafka:
    """What every node is started from."""

    folder: Path

    @property
    def storage(self) -> Path:
        """Formatted storage for one new node. It holds no address, so a copy serves any ports."""
        return self.folder / "storage"

    def java(self, *options: str) -> list[str]:
        """Return `java` with *options* and Kafka's classes, to which the name of one is added.

        The classes come from an archive, which halves the processor time of a start. Another Java
        than the one that wrote the archive does without it.
        """
        return _java(self.folder, f"-XX:SharedArchiveFile={self.folder / _ARCHIVE}", *options)


def server_properties(data: Path, ports: Ports) -> str:
    """Return the configuration of a node that keeps its storage in *data*."""
    return _PROPERTIES.format(data=data, ports=ports, user=USER, password=PASSWORD)


def follower_properties(data: Path, ports: Ports, leader: Ports, number: int) -> str:
    """Return the configuration of broker *number*, which follows the node with *leader* ports."""
    return server_properties(data, ports._replace(controller=leader.controller)) + (
        "process.roles=broker\n"
        f"node.id={number}\n"
        f"listeners=PLAINTEXT://127.0.0.1:{ports.open},SASL_PLAINTEXT://127.0.0.1:{ports.login}\n"
    )


def follower_storage(number: int) -> str:
    """Return the `meta.properties` of the storage of broker *number*, which is not the first."""
    # Any 16 bytes but those of another broker.
    directory_id = base64.urlsafe_b64encode(b"another-broker-%d" % number).decode().rstrip("=")
    return f"version=1\nnode.id={number}\ndirectory.id={directory_id}\ncluster.id={_CLUSTER_ID}\n"


def prepared_kafka() -> PreparedKafka:
    """Return the Kafka of tests/kafka/pom.xml; fetch and prepare it where that was not done yet.

    Raises NoToolchainError.
    """
    require_toolchain("a real Kafka", "java", "mvn")
    # Named for what it is made from, so that a change makes it anew.
    made_from = _POM.read_bytes() + Path(__file__).read_bytes()
    folder = _STORE / hashlib.sha256(made_from).hexdigest()[:12]
    _STORE.mkdir(parents=True, exist_ok=True)
    with file_lock(_STORE / "lock", within_s=_PREPARE_TIMEOUT_S):
        if not (folder / _COMPLETE).exists():
            _prepare(folder)
    return PreparedKafka(folder)


def _prepare(folder: Path) -> None:
    """Fill *folder*, in place: Java takes an archive only for the paths it was written with."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    _fetch_jars(folder)
    _format_storage(folder)
    _write_archive(folder)
    (folder / _COMPLETE).touch()


def _fetch_jars(folder: Path) -> None:
    command = ["mvn", "-B", "-q", "-f", str(_POM), "dependency:copy-dependencies"]
    command.append(f"-DoutputDirectory={folder / 'jars'}")
    run_toolchain(command, within_s=_FETCH_TIMEOUT_S)


def _format_storage(folder: Path) -> None:
    properties = folder / "format.properties"
    properties.write_text(server_properties(folder / "storage", Ports(9092, 9093, 9094)))
    tool = ["kafka.tools.StorageTool", "format", "-t", _CLUSTER_ID, "-c", str(properties)]
    run_toolchain([*_java(folder), *tool], within_s=_JAVA_TIMEOUT_S)


def _write_archive(folder: Path) -> None:
    """Run a node and stop it: Java then writes all classes that it has loaded to the archive."""
    option = f"-XX:ArchiveClassesAtExit={folder / _ARCHIVE}"
    talkative = "-Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info"
    with tempfile.TemporaryDirectory(prefix="kafka-") as name, started_processes(Path(name)) as run:
        data, properties = Path(name) / "data", Path(name) / "server.properties"
        shutil.copytree(folder / "storage", data)
        properties.write_text(server_properties(data, free_ports()))
        node = run([*_java(folder, option, talkative), "kafka.Kafka", str(properties)])
        wait_for_line(node, "Kafka Server started", _JAVA_TIMEOUT_S)
        node.stop(timeout_s=_JAVA_TIMEOUT_S)


def _java(folder: Path, *options: str) -> list[str]:
    logging = "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"
    return ["java", "-Xmx512m", *options, logging, "-cp", f"{folder / 'jars'}/*"]
