"""supervisord's side, with a fork server that works, that ends, and that says nothing."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from unittest.mock import Mock

import pytest

from readers.fork_server import client
from readers.fork_server.client import ForkServer
from readers.fork_server.request import Request
from tests.process_table import children
from tests.processes import StartProcess, wait_for

_REQUEST = Request("xqc", {}, None, None)

#: Stops readers at the moment when their process ids are known.
_STOP_AT_ONCE = """
import os, signal
from readers.fork_server.client import ForkServer
from readers.fork_server.request import Request
from readers.fork_server.subreaper import become_subreaper

become_subreaper()
server = ForkServer(print)
for _ in range(30):
    pid = server.fork(Request("xqc", dict(os.environ), None, 0o22), [0, 1, 2])
    assert os.path.exists(f"/proc/{pid}")
    os.kill(pid, signal.SIGTERM)
    print(os.waitpid(pid, 0) == (pid, 0))
server.stop()
try:
    os.wait()
except ChildProcessError:
    print("no child")
"""


def test_a_reader_may_be_stopped_as_soon_as_its_process_id_is_known(
    processes: StartProcess,
) -> None:
    """It exits with 0, whatever it has done by then. Nothing but readers is left to wait for."""
    supervisord = processes([sys.executable, "-c", _STOP_AT_ONCE])
    assert supervisord.wait(60) == 0
    lines = supervisord.output().splitlines()
    assert (lines.count("True"), lines[-1]) == (30, "no child")


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A program that is started in place of the fork server."""
    path = tmp_path / "python3"
    monkeypatch.setattr(sys, "executable", str(path))
    return path


def fork(server: ForkServer) -> int | None:
    """Ask *server* for a reader."""
    return server.fork(_REQUEST, [0, 1, 2])


def test_one_that_cannot_be_started_is_not_tried_at_once_again(fake: Path) -> None:
    """Each reader would wait for it. The reason is logged once."""
    warn = Mock()
    server = ForkServer(warn)
    assert not server.is_starting()
    assert [fork(server), fork(server)] == [None, None]
    [said] = warn.call_args_list
    assert f"share no memory: [Errno 2] No such file or directory: '{fake}'" in said.args[0]


def test_one_that_says_nothing_does_not_stop_supervisord(
    fake: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is killed."""
    fake.write_text("#!/bin/sh\nexec sleep 600\n")
    fake.chmod(0o700)
    monkeypatch.setattr(client, "READY_WITHIN_S", 0.01)
    warn = Mock()
    server = ForkServer(warn)
    assert [fork(server), fork(server)] == [None, None]
    [said] = warn.call_args_list
    assert "share no memory: it did not answer" in said.args[0]
    assert "sleep 600" not in [child.command() for child in children(os.getpid())]


def test_one_that_ends_before_it_is_ready_is_not_tried_at_once_again(fake: Path) -> None:
    """It may take a while before it ends, each time."""
    fake.write_text("#!/bin/sh\n")
    fake.chmod(0o700)
    warn = Mock()
    server = ForkServer(warn)
    wait_for(lambda: not server.is_starting(), 60, "it to end")
    assert (server.is_starting(), fork(server)) == (False, None)
    [said] = warn.call_args_list
    assert "share no memory: it has ended" in said.args[0]


def test_one_that_works_again_is_used_again(fake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a while."""
    monkeypatch.setattr(client, "TRY_AGAIN_AFTER_S", 0)
    server = ForkServer(Mock())
    assert fork(server) is None
    # It says that it is ready, and answers every request, with the same process id.
    fake.write_text(
        "#!/usr/bin/env python3\nimport socket, sys\n"
        "requests = socket.socket(fileno=int(sys.argv[-1]))\n"
        "requests.sendall((7).to_bytes(4, 'big'))\n"
        "while requests.recv(10**6): requests.sendall((7).to_bytes(4, 'big'))\n"
    )
    fake.chmod(0o700)
    assert fork(server) == 7
    server.stop()
