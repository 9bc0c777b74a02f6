"""A new reader before its own code runs, and what it finds imported."""

from __future__ import annotations

import os
import sys

import pytest

from readers.fork_server.new_reader import _take_environment
from readers.twitch.chat_host import tls_context
from tests.processes import StartProcess, wait_for_line

#: A fork of the fork server, which blocks these signals. Some have come since the fork.
_NEW_READER = """
import os, signal
from readers.fork_server.new_reader import STOP_SIGNALS, run_reader
from readers.fork_server.request import Request

signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
for number in {numbers}:
    os.kill(os.getpid(), number)
run_reader(
    Request("xqc", dict(os.environ), {directory!r}, None), [os.dup(number) for number in range(3)]
)
"""

#: What a reader does with the page of the last one. msgspec has a function in Python that evaluates
#: the annotations of a type.
_DECODE = """
import sys, msgspec, readers.fork_server.preload
from common.status.reader_status import ReaderStatus

page = msgspec.msgpack.encode(ReaderStatus())
called = []
sys.setprofile(lambda frame, event, _: called.append(frame.f_code.co_name))
msgspec.msgpack.decode(page, type=ReaderStatus)
sys.setprofile(None)
assert "get_class_annotations" not in called
"""


def test_what_readers_decode_is_known_before_the_fork(processes: StartProcess) -> None:
    """Otherwise each of them would find it out again, and keep it in memory of its own."""
    assert processes([sys.executable, "-c", _DECODE]).wait(30) == 0


def test_a_reader_that_is_stopped_right_after_the_fork_exits(processes: StartProcess) -> None:
    """Otherwise supervisord would wait for stopwaitsecs, and kill it."""
    program = _NEW_READER.format(numbers="[signal.SIGCHLD, signal.SIGTERM]", directory=None)
    child = processes([sys.executable, "-c", program])
    assert child.wait(30) == 0
    assert "started" not in child.output()


def test_other_signals_do_not_stop_a_reader(processes: StartProcess) -> None:
    """SIGCHLD may come for a process that is not the reader's."""
    program = _NEW_READER.format(numbers="[signal.SIGCHLD]", directory=None)
    # Without a chat server, the reader starts and keeps retrying.
    child = processes([sys.executable, "-c", program], {"TWITCH_IRC_PORT": "1"})
    wait_for_line(child, "started with 0 messages", 30)
    assert child.stop() == 0


def test_a_reader_without_its_directory_says_so(processes: StartProcess) -> None:
    """With the words and the status of supervisord."""
    child = processes([sys.executable, "-c", _NEW_READER.format(numbers=[], directory="/missing")])
    assert child.wait(30) == 127
    assert "supervisor: couldn't chdir to /missing: " in child.output()


@pytest.mark.parametrize(("file", "is_kept"), [("/usual.pem", True), ("/own.pem", False)])
def test_a_reader_with_ca_certificates_of_its_own_loads_them(
    monkeypatch: pytest.MonkeyPatch, file: str, is_kept: bool
) -> None:
    """`environment` in programs.conf may name them. All others share those of the fork server."""
    monkeypatch.setattr(os, "environ", {"SSL_CERT_FILE": "/usual.pem", "OTHER": "1"})
    tls_context.cache_clear()
    shared = tls_context()
    _take_environment({"SSL_CERT_FILE": file})
    assert os.environ == {"SSL_CERT_FILE": file}
    assert (tls_context() is shared) == is_kept
    tls_context.cache_clear()
