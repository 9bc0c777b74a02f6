"""What a child of supervisord does before it is a reader. The rest is in end_to_end."""

from __future__ import annotations

import signal
import sys

from tests.processes import StartProcess, wait_for_line

#: supervisord's child after the fork: its handlers only queue signals, until they are replaced.
_CHILD = """
import os, signal
from supervisor.options import SignalReceiver
from readers.preloaded import become_reader

received = SignalReceiver()
signal.signal(signal.SIGTERM, received.receive)
signal.signal(signal.SIGCHLD, received.receive)
for number in {numbers}:
    os.kill(os.getpid(), number)
become_reader(["python3", "-m", "readers", "xqc"], os.environ.copy(), received.get_signal)
"""


def test_a_reader_that_is_stopped_right_after_the_fork_ends(processes: StartProcess) -> None:
    """supervisord would otherwise wait for stopwaitsecs, and kill it."""
    program = _CHILD.format(numbers=[int(signal.SIGCHLD), int(signal.SIGTERM)])
    child = processes([sys.executable, "-c", program])
    assert child.wait(30) == 0
    assert "started" not in child.output()


def test_other_signals_do_not_stop_it(processes: StartProcess) -> None:
    """SIGCHLD of another program may be queued at the moment of the fork."""
    program = _CHILD.format(numbers=[int(signal.SIGCHLD)])
    # No chat server is there: it starts, and goes on trying.
    child = processes([sys.executable, "-c", program], {"TWITCH_IRC_PORT": "1"})
    wait_for_line(child, "started with 0 messages", 30)
    assert child.stop() == 0
