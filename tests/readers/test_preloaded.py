"""A child of supervisord before it becomes a reader. end_to_end tests the rest of preloading."""

from __future__ import annotations

import signal
import sys

import pytest

from readers.preloaded import _reader_or
from tests.processes import StartProcess, wait_for_line

#: supervisord's child after the fork. Its handlers only queue signals until they are replaced.
_CHILD = """
import os, signal
from supervisor.options import SignalReceiver
from readers.preloaded import become_reader

received = SignalReceiver()
signal.signal(signal.SIGTERM, received.receive)
signal.signal(signal.SIGCHLD, received.receive)
for number in {numbers}:
    os.kill(os.getpid(), number)
become_reader("xqc", os.environ.copy(), received.get_signal)
"""

#: What a reader does with the page of the last one. msgspec has a function in Python that evaluates
#: the annotations of a type.
_DECODE = """
import sys, msgspec, readers.preloaded
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
    program = _CHILD.format(numbers=[int(signal.SIGCHLD), int(signal.SIGTERM)])
    child = processes([sys.executable, "-c", program])
    assert child.wait(30) == 0
    assert "started" not in child.output()


def test_other_signals_do_not_stop_a_reader(processes: StartProcess) -> None:
    """SIGCHLD of another program may be queued at the time of the fork."""
    program = _CHILD.format(numbers=[int(signal.SIGCHLD)])
    # Without a chat server, the reader starts and keeps retrying.
    child = processes([sys.executable, "-c", program], {"TWITCH_IRC_PORT": "1"})
    wait_for_line(child, "started with 0 messages", 30)
    assert child.stop() == 0


@pytest.mark.parametrize(
    "command", ["python3 -m readers", "python3 -m readers --help", "python3 -m readers.channels"]
)
def test_every_other_command_is_executed(command: str) -> None:
    """Also that of a reader without a channel: it says itself what is wrong."""
    executed: list[str] = []
    execve = _reader_or(lambda _, arguments, __: executed.extend(arguments), lambda: None)
    execve("python3", command.split(), {})
    assert executed == command.split()
