"""The tests' own tools work: real servers start, and no process outlives a test."""

from __future__ import annotations

import os
import random
import signal
import socket
import sys
from pathlib import Path

import pytest
from confluent_kafka import KafkaError, KafkaException, Message, Producer
from confluent_kafka.admin import AdminClient

from tests.kafka.broker import KafkaBroker
from tests.kafka.cluster import KafkaCluster
from tests.kafka.shared import ask_for_kafka, shared_kafka
from tests.ngircd import Ngircd
from tests.ports import free_port
from tests.process_table import children, running_processes
from tests.processes import (
    StartProcess,
    let_programs_be_interrupted,
    python_module,
    started_processes,
    wait_for,
    wait_for_line,
)
from tests.requirements import require_program
from tests.topics import create_topic, kcat_read, read_all, read_topic
from tests.undertaker import undertaker

# Prints the id of a child that moved to a process group of its own, as supervisord's children do.
_PARENT = """
import subprocess, time
child = subprocess.Popen(["sleep", "600"], process_group=0)
print("child", child.pid)
time.sleep(600)
"""

# Starts a process as a test run does, but never reaches its teardown.
_RUN = """
import pathlib, sys, time
from tests.processes import Process
process = Process(["sleep", "600"], environment={}, folder=pathlib.Path(sys.argv[1]))
print("child", process.pid)
time.sleep(600)
"""

_OTHER_RUN = """
import time
from tests.ports import free_port
print("port", free_port())
time.sleep(600)
"""

_UNTIDY_TEST = """
import subprocess

def test_that_forgets_a_process():
    global forgotten
    forgotten = subprocess.Popen(["sleep", "600"])
"""


def test_a_process_gets_its_own_environment_and_not_the_developers(
    processes: StartProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has the test's variables, but not those that are set for a real service."""
    monkeypatch.setenv("KAFKA_BROKERS", "production:9092")
    code = "import os; print(os.environ.get('KAFKA_BROKERS'), os.environ['TWITCH_CHANNEL'])"
    process = processes([sys.executable, "-c", code], {"TWITCH_CHANNEL": "xqc"})
    assert process.wait(60) == 0
    assert process.output() == "None xqc\n"


def test_output_is_seen_while_the_process_runs(processes: StartProcess) -> None:
    """A test can wait for a line. The exit status is the signal that ended the process."""
    process = processes([sys.executable, "-c", _PARENT])
    assert int(wait_for_line(process, r"^child (\d+)$", timeout_s=60)[1]) > 0
    assert process.status is None
    assert process.stop() == -signal.SIGTERM


def test_waiting_for_a_line_of_an_ended_process_fails_with_its_output(
    processes: StartProcess,
) -> None:
    """It ends before its deadline, and the error says why the process ended."""
    process = processes([sys.executable, "-c", "import sys; sys.exit('no such channel')"])
    with pytest.raises(RuntimeError, match=r"(?s)no 'ready' came.*status 1.*no such channel"):
        wait_for_line(process, "ready", timeout_s=60)


def test_a_wait_times_out_and_names_its_condition() -> None:
    """A condition that never holds ends in an error that names it."""
    with pytest.raises(TimeoutError, match=r"waited 0\.05 s for a miracle"):
        wait_for(lambda: False, 0.05, "a miracle")


def test_killing_a_process_kills_its_children(processes: StartProcess) -> None:
    """Also a child in another process group."""
    process = processes([sys.executable, "-c", _PARENT])
    child = int(wait_for_line(process, r"^child (\d+)$", timeout_s=60)[1])
    assert _runs(child)
    process.kill()
    assert not _runs(child)


def test_a_killed_run_leaves_no_process_behind(processes: StartProcess, short_folder: Path) -> None:
    """A run cannot clean up after SIGKILL, but its processes end all the same."""
    run = processes([sys.executable, "-c", _RUN, str(short_folder)])
    child = int(wait_for_line(run, r"^child (\d+)$", timeout_s=60)[1])
    assert _runs(child)
    assert run.stop(signal.SIGKILL) == -signal.SIGKILL
    wait_for(lambda: not _runs(child), 60, "the end of the killed run's child")


def test_a_run_that_leaves_a_process_behind_fails(
    processes: StartProcess, short_folder: Path
) -> None:
    """The error shows the command of the process, and the run ends the process."""
    file = short_folder / "test_untidy.py"
    file.write_text(_UNTIDY_TEST)
    pytest_run = processes(python_module("pytest", "-p", "tests.conftest", str(file)))
    assert pytest_run.wait(60) == pytest.ExitCode.TESTS_FAILED
    assert "the tests left these processes behind: ['sleep 600 ']" in pytest_run.output()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_a_run_in_the_background_starts_programs_that_can_be_interrupted(
    short_folder: Path, number: signal.Signals
) -> None:
    """The run itself ignores the signal, as before."""
    before = signal.signal(number, signal.SIG_IGN)
    try:
        let_programs_be_interrupted()
        with started_processes(short_folder) as start:
            assert start(["sleep", "600"]).stop(number) == -number
        os.kill(os.getpid(), number)
    finally:
        signal.signal(number, before)


def test_all_workers_get_the_same_kafka_which_ends_with_the_run() -> None:
    """It starts at the first request: without one, no process is started."""
    assert undertaker()  # a child, too, from here on
    before = children(os.getpid())
    with shared_kafka():
        assert children(os.getpid()) == before
    with shared_kafka() as path:
        cluster = ask_for_kafka(path)
        assert ask_for_kafka(path) == cluster
        admin = AdminClient({"bootstrap.servers": cluster.bootstrap, "log_level": 2})
        assert admin.list_topics(timeout=60).brokers
    assert children(os.getpid()) == before


def test_no_port_is_handed_out_twice() -> None:
    """Two servers that have not started yet do not get the same port."""
    ports = [free_port() for _ in range(100)]
    assert len(set(ports)) == len(ports)


def test_a_port_of_another_test_run_is_not_handed_out(
    processes: StartProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even while nothing listens on it. It is available again when the other run has ended."""
    other = processes([sys.executable, "-c", _OTHER_RUN])
    port = int(wait_for_line(other, r"^port (\d+)$", timeout_s=20)[1])
    chosen, by_chance = [port], random.randint
    monkeypatch.setattr(
        "random.randint", lambda *between: chosen.pop() if chosen else by_chance(*between)
    )
    assert free_port() != port
    other.kill()
    chosen.append(port)
    assert free_port() == port


def test_a_missing_program_is_a_skip_without_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without CI in the environment the test is skipped with the reason."""
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="no-such-program is not installed"):
        require_program("no-such-program")


def test_a_missing_program_is_a_failure_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    """With CI in the environment the same test fails."""
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="no-such-program is not installed"):
        require_program("no-such-program")


def test_produced_records_are_read_back_complete(kafka: KafkaCluster, topic: str) -> None:
    """With the same key, value, timestamp and headers, in order."""
    create_topic(kafka.bootstrap, topic, partitions=3)
    _produce(kafka.bootstrap, topic, [b"one", b"two", b"three"])
    records = read_topic(kafka.bootstrap, topic, count=3, timeout_s=20)
    assert [record.value for record in records] == [b"one", b"two", b"three"]
    assert {(record.key, record.timestamp) for record in records} == {(b"room", 1_700_000_000_123)}
    assert [record.headers["seq"] for record in records] == [b"0", b"1", b"2"]
    assert [record.offset for record in records] == [0, 1, 2]
    assert read_all(kafka.bootstrap, topic, timeout_s=20) == records


def test_kcat_reads_the_same_records(kafka: KafkaCluster, topic: str) -> None:
    """An independent client returns equal records, field by field."""
    create_topic(kafka.bootstrap, topic, partitions=1)
    _produce(kafka.bootstrap, topic, [b"plain", 'naïve 😀 \\" \n'.encode()])
    read = read_topic(kafka.bootstrap, topic, count=2, timeout_s=20)
    assert kcat_read(kafka.bootstrap, topic, 2) == read


def test_missing_records_are_counted(kafka: KafkaCluster, topic: str) -> None:
    """The error of a read that times out has the number of records received."""
    create_topic(kafka.bootstrap, topic, partitions=1)
    _produce(kafka.bootstrap, topic, [b"one", b"two"])
    with pytest.raises(TimeoutError, match="2 of 3 records"):
        read_topic(kafka.bootstrap, topic, count=3, timeout_s=15)


def test_an_aborted_transaction_is_not_read_as_committed(
    real_kafka: KafkaCluster, topic: str
) -> None:
    """Only `read_uncommitted` returns it. Both reads find the end of the topic."""
    create_topic(real_kafka.bootstrap, topic, partitions=1)
    producer = Producer({"bootstrap.servers": real_kafka.bootstrap, "transactional.id": topic})
    producer.init_transactions(30)
    producer.begin_transaction()
    producer.produce(topic, b"kept")
    producer.commit_transaction(30)
    producer.begin_transaction()
    producer.produce(topic, b"dropped")
    producer.flush(30)
    producer.abort_transaction(30)
    committed = read_all(real_kafka.bootstrap, topic, timeout_s=20, isolation="read_committed")
    everything = read_all(real_kafka.bootstrap, topic, timeout_s=20)
    assert [record.value for record in committed] == [b"kept"]
    assert [record.value for record in everything] == [b"kept", b"dropped"]


def test_records_outlive_a_killed_and_a_restarted_broker(
    own_kafka: KafkaBroker, topic: str
) -> None:
    """Confirmed records can be read at the same address after a crash and a restart."""
    create_topic(own_kafka.bootstrap, topic, partitions=1)
    _produce(own_kafka.bootstrap, topic, [b"before the crash"])
    own_kafka.kill()
    own_kafka.restart()
    _produce(own_kafka.bootstrap, topic, [b"after the crash"])
    own_kafka.restart()
    records = read_all(own_kafka.bootstrap, topic, timeout_s=20)
    assert [record.value for record in records] == [b"before the crash", b"after the crash"]


def test_a_paused_broker_is_silent_until_it_resumes(own_kafka: KafkaBroker) -> None:
    """Its port accepts connections but sends no response: an outage without an error."""
    admin = AdminClient({"bootstrap.servers": own_kafka.bootstrap, "log_level": 2})
    own_kafka.pause()
    with pytest.raises(KafkaException):
        admin.list_topics(timeout=1)
    own_kafka.resume()
    assert admin.list_topics(timeout=60).brokers


def test_ngircd_welcomes_a_client(ngircd: Ngircd) -> None:
    """The server responds to a registration (RFC 2812, 3.1)."""
    with socket.create_connection((ngircd.host, ngircd.port), timeout=60) as connection:
        connection.sendall(b"NICK justinfan12345\r\nUSER justinfan12345 0 * :justinfan12345\r\n")
        with connection.makefile("rb") as lines:
            assert b" 001 justinfan12345 " in next(lines)


def _produce(bootstrap: str, topic: str, values: list[bytes]) -> None:
    """Send *values* in order and return when Kafka has confirmed them all."""
    failures: list[KafkaError] = []

    def confirmed(error: KafkaError | None, _message: Message) -> None:
        if error is not None:
            failures.append(error)

    producer = Producer({"bootstrap.servers": bootstrap, "acks": "all"})
    for seq, value in enumerate(values):
        producer.produce(
            topic,
            value,
            key=b"room",
            timestamp=1_700_000_000_123,
            headers={"seq": str(seq).encode()},
            on_delivery=confirmed,
        )
    assert producer.flush(30) == 0
    assert failures == []


def _runs(pid: int) -> bool:
    return any(process.pid == pid for process in running_processes())
