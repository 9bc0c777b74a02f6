"""The check of the link: keys, the publisher's ports, and real publishers that readers reach."""

from __future__ import annotations

import os
import socket
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

from common.key_files import PUBLISHER_PAIR, READERS_PAIR, make_pair
from tests.kafka.cluster import KafkaCluster
from tests.link_keys import give_keys
from tests.ports import free_port
from tests.processes import StartProcess, python_module, wait_for_line
from tests.publisher.peer import Publisher, start_publisher
from tests.twitch_ingestion.check.conftest import Check
from twitch_ingestion.check.handshake import mechanism_at

_READERS_ONLY = "[program:publisher]\nnumprocs=0\n"


def _start(
    processes: StartProcess, kafka: KafkaCluster, topic: str, state: Path | None = None
) -> Publisher:
    settings = {"STATE_DIR": str(state)} if state else {}
    return start_publisher(processes, kafka.bootstrap, topic, settings)


def _endpoints(publisher: Publisher) -> dict[str, str]:
    return {
        "PUBLISHER_ENDPOINT": publisher.batches,
        "PUBLISHER_ACK_ENDPOINT": publisher.acknowledgements,
    }


def _own(publisher: Publisher) -> dict[str, str]:
    """Return the settings of a host on which *publisher* is the own one."""
    return _endpoints(publisher) | {
        "PUBLISHER_BIND": publisher.batches,
        "PUBLISHER_ACK_BIND": publisher.acknowledgements,
    }


def test_a_publisher_that_does_not_run_yet_is_no_problem(check: Check) -> None:
    """It is started together with the readers."""
    checked = check()
    assert all("no publisher runs" in text for text in checked.texts("publisher", "ok")), (
        checked.output
    )
    assert len(checked.texts("publisher", "ok")) == 4
    assert checked.text("link", "ok") == "not encrypted, and not reachable from other hosts"


def test_a_publisher_that_runs_accepts_readers_and_is_not_disturbed(
    check: Check, processes: StartProcess, kafka: KafkaCluster, topic: str
) -> None:
    """Its log has no warning, and no message that it did not understand."""
    publisher = _start(processes, kafka, topic)
    wait_for_line(publisher.process, "is ready: session", 60)
    before = publisher.process.output()
    checked = check(**_own(publisher))
    bound, acks, batches, acknowledgements = checked.texts("publisher", "ok")
    assert f"a publisher listens there already, process {publisher.process.pid} (" in bound
    assert "already" in acks
    assert "accepts readers of this host" in batches
    assert "accepts readers of this host" in acknowledgements
    added = publisher.process.output().removeprefix(before)
    assert not any(word in added for word in ("WARNING", "ERROR", "invalid")), added


def test_a_peer_that_answers_slowly_is_not_waited_for() -> None:
    """It would take 6 s to send a greeting."""
    sent = 0
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip() -> None:
            nonlocal sent
            with server.accept()[0] as peer, suppress(OSError):
                while sent < 64:
                    peer.sendall(b"\0")
                    sent += 1
                    time.sleep(0.1)

        thread = threading.Thread(target=drip)
        thread.start()
        assert mechanism_at(f"tcp://127.0.0.1:{server.getsockname()[1]}") is None
        thread.join()
    assert sent < 64


def test_an_encrypted_link_is_checked_with_the_keys_of_this_host(
    check: Check, processes: StartProcess, kafka: KafkaCluster, topic: str, folder: Path
) -> None:
    """A key that the publisher does not admit is wrong, with the command that admits it."""
    state = folder / "publisher"
    key = give_keys(state, folder / "var")
    publisher = _start(processes, kafka, topic, state)
    (folder / "programs.conf").write_text(_READERS_ONLY)
    checked = check(**_endpoints(publisher), **key)
    assert checked.text("link", "ok") == "encrypted"
    assert len(checked.texts("publisher", "ok")) == 2
    (folder / "var" / "keys" / READERS_PAIR).unlink()
    pair = make_pair(folder / "var" / "keys" / READERS_PAIR)
    checked = check(**_endpoints(publisher), **key)
    assert checked.status == 78
    texts = checked.texts("publisher", "wrong")
    assert len(texts) == 2
    for text in texts:
        assert "does not admit the key of this host" in text
        assert f"twitch-ingestion keys authorize {pair.public_key}`" in text
    assert pair.secret_key not in checked.output


def test_a_wrong_key_of_the_publisher_or_none_is_wrong(
    check: Check, processes: StartProcess, kafka: KafkaCluster, topic: str, folder: Path
) -> None:
    """With what to set."""
    state = folder / "publisher"
    give_keys(state, folder / "var")
    publisher = _start(processes, kafka, topic, state)
    (folder / "programs.conf").write_text(_READERS_ONLY)
    checked = check(**_endpoints(publisher), PUBLISHER_PUBLIC_KEY="0" * 64)
    first, second = checked.texts("publisher", "wrong")
    assert "has another key" in first
    assert "has another key" in second
    checked = check(**_endpoints(publisher))
    first, second = checked.texts("publisher", "wrong")
    assert "encrypts, and readers here do not" in first
    assert "encrypts, and readers here do not" in second
    assert checked.status == 78


def test_keys_without_a_publisher_that_has_some_are_wrong(
    check: Check, processes: StartProcess, kafka: KafkaCluster, topic: str, folder: Path
) -> None:
    """The publisher would not understand the readers."""
    publisher = _start(processes, kafka, topic)
    key = give_keys(folder / "elsewhere", folder / "var")
    (folder / "programs.conf").write_text(_READERS_ONLY)
    first, second = check(**_endpoints(publisher), **key).texts("publisher", "wrong")
    assert "has no keys, and readers here encrypt" in first
    assert "has no keys, and readers here encrypt" in second


def test_addresses_in_the_wrong_order_are_wrong(
    check: Check, processes: StartProcess, kafka: KafkaCluster, topic: str, folder: Path
) -> None:
    """Readers would connect, and nothing would arrive."""
    publisher = _start(processes, kafka, topic)
    (folder / "programs.conf").write_text(_READERS_ONLY)
    checked = check(
        PUBLISHER_ENDPOINT=publisher.acknowledgements, PUBLISHER_ACK_ENDPOINT=publisher.batches
    )
    first, second = checked.texts("publisher", "wrong")
    assert "perhaps the other one" in first
    assert "perhaps the other one" in second


def test_a_port_that_another_program_has_is_wrong(check: Check) -> None:
    """It is named. Also a program that never answers is no publisher."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        endpoint = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        checked = check(PUBLISHER_BIND=endpoint, PUBLISHER_ENDPOINT=endpoint)
    bound, reached = checked.texts("publisher", "wrong")
    assert f"the port is taken by process {os.getpid()} (" in bound
    assert "something listens there that is no publisher" in reached


def test_a_publisher_elsewhere_that_cannot_be_reached_is_wrong(check: Check, folder: Path) -> None:
    """With the cause."""
    (folder / "programs.conf").write_text(_READERS_ONLY)
    first, second = check().texts("publisher", "wrong")
    assert "cannot be reached (Connection refused)" in first
    assert "cannot be reached (Connection refused)" in second
    make_pair(folder / "var" / "keys" / READERS_PAIR)
    checked = check(
        PUBLISHER_ENDPOINT="tcp://no-such-host.invalid:5557", PUBLISHER_PUBLIC_KEY="0" * 64
    )
    assert (
        "no-such-host.invalid:5557: cannot be reached (" in checked.texts("publisher", "wrong")[0]
    )


def test_an_address_that_is_not_of_this_host_cannot_be_listened_at(
    check: Check, folder: Path
) -> None:
    """192.0.2.1 is nobody's."""
    make_pair(folder / "var" / "keys" / PUBLISHER_PAIR)
    text = check(PUBLISHER_BIND="tcp://192.0.2.1:5557").texts("publisher", "wrong")[0]
    assert "PUBLISHER_BIND tcp://192.0.2.1:5557: the publisher cannot listen there" in text


def test_a_publisher_that_listens_at_an_interface_is_recognised(
    check: Check, processes: StartProcess, kafka: KafkaCluster, topic: str, folder: Path
) -> None:
    """Its name is none that could be connected to."""
    give_keys(folder / "var", folder / "var")
    (folder / "programs.conf").write_text("[program:readers]\nnumprocs=0\n")
    settings = {"STATE_DIR": str(folder / "var"), "PUBLISHER_BIND": "tcp://lo:0"}
    publisher = start_publisher(processes, kafka.bootstrap, topic, settings)
    port = publisher.batches.rpartition(":")[2]
    bound, _ = check(PUBLISHER_BIND=f"tcp://lo:{port}").texts("publisher", "ok")
    assert "a publisher listens there already" in bound


def test_unix_sockets_are_checked_too(
    check: Check, processes: StartProcess, kafka: KafkaCluster, topic: str, folder: Path
) -> None:
    """Free, in use, and in a folder that is not there."""
    files = [f"ipc://{folder / name}" for name in ("batches", "acknowledgements")]
    settings = {
        "PUBLISHER_BIND": files[0],
        "PUBLISHER_ENDPOINT": files[0],
        "PUBLISHER_ACK_BIND": files[1],
        "PUBLISHER_ACK_ENDPOINT": files[1],
    }
    assert len(check(**settings).texts("publisher", "ok")) == 4
    own = {name: settings[name] for name in ("PUBLISHER_BIND", "PUBLISHER_ACK_BIND")}
    process = processes(
        python_module("publisher"),
        {"KAFKA_BROKERS": kafka.bootstrap, "KAFKA_TOPIC_CHAT_MESSAGES": topic, **own},
    )
    wait_for_line(process, "receives batches at ipc:", 60)
    bound, _, reached, _ = check(**settings).texts("publisher", "ok")
    assert "a publisher listens there already" in bound
    assert "accepts readers of this host" in reached
    settings["PUBLISHER_ACK_BIND"] = f"ipc://{folder}/none/acknowledgements"
    assert "none is not a folder" in check(**settings).text("publisher", "wrong")


def test_a_publisher_and_readers_of_one_host_have_to_fit(check: Check, folder: Path) -> None:
    """Their keys are compared without any of them running."""
    keys = folder / "var" / "keys"
    publisher, readers = make_pair(keys / PUBLISHER_PAIR), make_pair(keys / READERS_PAIR)
    assert _link(check) == [
        "the publisher here has keys, so it admits only readers that encrypt: set"
        f" PUBLISHER_PUBLIC_KEY={publisher.public_key}"
    ]
    _, not_admitted = _link(check, PUBLISHER_PUBLIC_KEY="0" * 64)
    assert f"keys authorize {readers.public_key}`" in not_admitted
    give_keys(folder / "var", folder / "var")
    assert _link(check, PUBLISHER_PUBLIC_KEY=publisher.public_key) == []
    (keys / PUBLISHER_PAIR).chmod(0o644)
    (text,) = _link(check, PUBLISHER_PUBLIC_KEY=publisher.public_key)
    assert "chmod 600" in text
    (keys / PUBLISHER_PAIR).unlink()
    (text,) = _link(check, PUBLISHER_PUBLIC_KEY=publisher.public_key)
    assert "the publisher here has no keys" in text


def _link(check: Check, **settings: str) -> list[str]:
    return check(**settings).texts("link", "wrong")


@pytest.mark.parametrize("host", ["*", "0.0.0.0", "[::]", "lo", "localhost"])  # noqa: S104
def test_every_form_of_an_address_to_listen_at_is_understood(
    check: Check, folder: Path, host: str
) -> None:
    """All addresses, in three forms, an interface, and a name."""
    make_pair(folder / "var" / "keys" / PUBLISHER_PAIR)
    (folder / "programs.conf").write_text("[program:readers]\nnumprocs=0\n")
    bind = f"tcp://{host}:{free_port()}"
    assert f"PUBLISHER_BIND {bind}: free, no publisher runs yet" in check(
        PUBLISHER_BIND=bind
    ).texts("publisher", "ok")
    kind, own = (socket.AF_INET6, "::1") if host == "[::]" else (socket.AF_INET, "127.0.0.1")
    with socket.create_server((own, 0), family=kind) as server:
        bind = f"tcp://{host}:{server.getsockname()[1]}"
        text = check(PUBLISHER_BIND=bind).text("publisher", "wrong")
    assert f"PUBLISHER_BIND {bind}: the port is taken by process {os.getpid()} (" in text
