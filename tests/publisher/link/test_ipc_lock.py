"""An `ipc://` endpoint belongs to one publisher, until it ends; nothing else there is removed."""

from __future__ import annotations

import os
import uuid
from contextlib import ExitStack
from pathlib import Path

import pytest

from common.file_lock import file_lock
from publisher.link.ipc_lock import OccupiedError, lock_ipc
from publisher.link.sockets import BindError, LinkSockets
from tests.processes import Process, StartProcess, python_module, wait_for_line


def test_a_second_publisher_at_the_same_file_is_refused(short_folder: Path) -> None:
    """The error names the setting and the process. Once the first has stopped, there is room."""
    batches, acknowledgements = f"ipc://{short_folder}/batches", f"ipc://{short_folder}/acks"
    other = f"ipc://{short_folder}/other"
    with LinkSockets(batches, acknowledgements, None):
        for endpoints, setting in (
            ((batches, other), "PUBLISHER_BIND"),
            ((other, acknowledgements), "PUBLISHER_ACK_BIND"),
        ):
            words = rf"^{setting} holds .*, but another publisher \(process {os.getpid()}\) already"
            with pytest.raises(BindError, match=words):
                LinkSockets(*endpoints, None)
        assert (short_folder / "batches").is_socket()
        assert not (short_folder / "other").exists()
    with LinkSockets(batches, acknowledgements, None) as sockets:
        assert sockets.batches_endpoint == batches


def test_a_second_publisher_at_the_same_abstract_name_is_refused(short_folder: Path) -> None:
    """The system itself does that."""
    name, other = f"ipc://@{uuid.uuid4().hex}", f"ipc://{short_folder}/acks"
    with (
        LinkSockets(name, f"ipc://@{uuid.uuid4().hex}", None),
        pytest.raises(BindError, match=r"^PUBLISHER_BIND holds ipc://@.* is in use"),
    ):
        LinkSockets(name, other, None)


def test_a_new_file_needs_no_lock(short_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`*` stands for one that nobody else has."""
    monkeypatch.chdir(short_folder)
    with LinkSockets("ipc://*", "ipc://*", None) as sockets:
        assert "*" not in sockets.batches_endpoint
    assert not list(short_folder.iterdir())


def test_a_lock_without_the_id_of_its_process_is_respected(short_folder: Path) -> None:
    """Its process may not have written it yet."""
    with (
        file_lock(short_folder / "link.lock", within_s=0),
        ExitStack() as locks,
        pytest.raises(OccupiedError, match=r"another publisher \(process unknown\)"),
    ):
        lock_ipc(f"ipc://{short_folder}/link", locks)


def test_a_file_that_is_no_socket_is_not_removed(short_folder: Path) -> None:
    """The setting may name it by mistake."""
    file = short_folder / "notes"
    file.write_text("mine")

    with pytest.raises(BindError, match=r"^PUBLISHER_BIND holds .*notes is there and is no socket"):
        LinkSockets(f"ipc://{file}", f"ipc://{short_folder}/acks", None)

    assert file.read_text() == "mine"


@pytest.mark.parametrize("folder", ["none", "file"])
def test_a_folder_that_cannot_be_used_is_named(short_folder: Path, folder: str) -> None:
    """It does not exist, or it is a file."""
    (short_folder / "file").touch()

    with pytest.raises(BindError, match=rf"the publisher cannot listen there: .*/{folder}/"):
        LinkSockets(f"ipc://{short_folder}/{folder}/batches", f"ipc://{short_folder}/acks", None)


def test_a_publisher_starts_after_one_that_was_killed(
    processes: StartProcess, short_folder: Path
) -> None:
    """What the killed one left behind does not matter. While it ran, another one ended with 1."""
    first = _start(processes, short_folder)
    wait_for_line(first, "receives batches at ipc://", 20)
    second = _start(processes, short_folder)
    assert second.wait(20) == 1
    assert f"another publisher (process {first.pid}) already listens there" in second.output()

    first.kill()
    assert (short_folder / "batches").is_socket()
    third = _start(processes, short_folder)
    wait_for_line(third, "is ready: session", 20)


def _start(processes: StartProcess, folder: Path) -> Process:
    settings = {
        "KAFKA_BROKERS": "embedded",
        "PUBLISHER_BIND": f"ipc://{folder}/batches",
        "PUBLISHER_ACK_BIND": f"ipc://{folder}/acks",
    }
    return processes(python_module("publisher"), settings)
